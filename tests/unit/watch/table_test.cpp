// The table in docs/unmount-watch.md is what the machine does. DRAINLAB_WRITE=1 writes it anew.
#include "tests/unit/watch/transitions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

using namespace watch_table;

namespace {

const std::string begin_mark = "<!-- table: begin -->\n", end_mark = "<!-- table: end -->";

std::string read_page() {
    std::ifstream in{DRAINLAB_PAGE};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("the page's table is the machine's", "[watch]") {
    std::string page = read_page();
    const auto begin = page.find(begin_mark);
    const auto end = page.find(end_mark);
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    const std::string table = markdown(all_transitions());
    if (std::getenv("DRAINLAB_WRITE")) {
        page.replace(begin + begin_mark.size(), end - begin - begin_mark.size(), table);
        std::ofstream{DRAINLAB_PAGE} << page;
        return;
    }
    CHECK(page.substr(begin + begin_mark.size(), end - begin - begin_mark.size()) == table);
}

TEST_CASE("no state is a trap", "[watch]") {
    const auto rows = all_transitions();
    std::set<std::string> states, left;
    for (const auto& t : rows) {
        states.insert(t.next);
        if (t.state != t.next) left.insert(t.state);
    }
    for (const auto& state : states) {
        CAPTURE(state);
        // Once the last reference has gone there is nothing left to do but to let go.
        const bool is_over = state.starts_with("dying, open") || state.starts_with("dying, arming");
        CHECK((is_over || left.contains(state)));
    }
}

TEST_CASE(
    "only a blocked trial ends a mount, with no mount or its unmounter in deactivate_super, then or when it entered",
    "[watch]") {
    for (const auto& t : all_transitions()) {
        if (t.does.find("tell: dying") == std::string::npos) continue;
        CAPTURE(t.state, t.input);
        CHECK((t.input == "mount: none" || t.input == "unmounter: in deactivate_super" ||
               t.input == "trial: blocked, and its unmounter waited"));
    }
}
