// Witnesses and coverage: why one may believe a "safe".
#include "controller/race/witness.hpp"

#include "controller/race/coverage.hpp"
#include "tests/sim/race/worlds.hpp"

#include <set>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

TEST_CASE("every window has a witness: a run that reaches it, violates nothing, and repeats", "[race][witness]") {
    std::vector<std::string> all{shipped, shipped + std::size(shipped)};
    all.insert(all.end(), shipped_names, shipped_names + std::size(shipped_names));
    all.emplace_back("both_delayed_put");
    const std::vector<const kernel::namespace_policy*> under{&names("expedited"), &names("on_demand")};
    for (std::size_t n = 0; n < window_count; ++n) {
        const auto which = static_cast<window>(n);
        CAPTURE(to_string(which));
        std::optional<witness> found;
        for (const auto& name : all) {
            const world_spec w = world(name);
            for (const subject& s : subjects_of(w, {&policy("persb")}, under)) {
                if (!found) found = find_witness(w, s, which, 2, 20'000);
            }
        }
        REQUIRE(found);
        const auto again = run_schedule(world(found->world), found->under, found->schedule);
        CHECK(again.reached[n]);
        CHECK(again.findings.empty());
        CHECK(found->told.last_words == "Nothing was violated.");
    }
}

TEST_CASE("what does not happen has no witness", "[race][witness]") {
    CHECK_FALSE(find_witness(world("ns_alone"), names("expedited"), window::umount_busy, 2));
    CHECK_FALSE(find_witness(world("ns_mkfs"), names("expedited"), window::outlives_lazy, 2));
}

TEST_CASE("between them the shipped worlds pass every point, see every event and reach every window of the model",
          "[race][coverage]") {
    coverage visited;
    search_options o = up_to(1);
    o.visited = &visited;
    o.stop_at_first = false;
    o.max_schedules = 3000;
    by_window<std::uint64_t> reached{};
    const auto add = [&](const world_spec& w, const std::vector<const kernel::drain_policy*>& drains) {
        o.preemptions = w.delays ? 3 : 1;
        for (const subject& s : subjects_of(w, drains, kernel::namespace_policies())) {
            if (!applies(s, w)) continue;
            const auto r = search(w, s, o);
            for (std::size_t n = 0; n < window_count; ++n) reached[n] += r.state.reached[n];
        }
    };
    for (const char* name : shipped) add(world(name), kernel::drain_policies());
    for (const char* name : shipped_names) add(world(name), {});
    add(world("both_delayed_put"), {&policy("persb")});
    const std::string text = visited.as_text(reached);
    CAPTURE(text);
    CHECK(text.find("points never passed: none") != std::string::npos);
    CHECK(text.find("events that never happened: none") != std::string::npos);
    CHECK(text.find("windows not reached: none") != std::string::npos);
}

TEST_CASE("coverage names what was visited and lists the pairs that never met", "[race][coverage]") {
    coverage visited;
    search_options o = up_to(1);
    o.visited = &visited;
    const auto r = search(world("ns_walk"), names("expedited"), o);
    const auto plain = search(world("ns_walk"), names("expedited"), up_to(1));
    CHECK(r.state.schedules == plain.state.schedules);
    const std::string text = visited.as_text(r.state.reached);
    CAPTURE(text);
    CHECK(text.find("points never passed: isw_prepared, ") != std::string::npos);  // a world without switches
    CHECK(text.find("events that never happened: isw_prepared, ") != std::string::npos);
    CHECK(text.find("outside of every world:") != std::string::npos);
    CHECK(text.find("a task was preempted at") != std::string::npos);
    CHECK(text.find("windows not reached: prepared_unqueued") != std::string::npos);
    // While the walk is held inside the mount, its name may go: that pair met, so it is not listed.
    const auto held = text.find("held at walk_step:");
    REQUIRE(held != std::string::npos);
    const std::string line = text.substr(held, text.find('\n', held) - held);
    CHECK(line.find("mnt_unhashed") == std::string::npos);
    CHECK(line.find("legitimize_fails") != std::string::npos);  // only the walk itself could
}
