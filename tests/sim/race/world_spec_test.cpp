#include "tests/sim/race/worlds.hpp"

using namespace drainlab::race;
using namespace drainlab::race::test;

namespace {

std::string refusal(const std::string& text) {
    const auto w = parse_world(text, "test");
    REQUIRE_FALSE(w);
    CHECK(w.error().exit == drainlab::words::exit_code::usage);
    return w.error().message;
}

const std::string fine = R"(about = "x"
producer = "offline"
[[memcg]]
name = "web"
[[superblock]]
name = "A"
[[inode]]
superblock = "A"
owner = "web"
[[task]]
does = "umount"
superblock = "A"
)";

}  // namespace

TEST_CASE("every shipped world can be read and says what it is about", "[race][world]") {
    for (const char* name : shipped) {
        const auto w = world(name);
        CHECK(w.name == name);
        CHECK(w.about.size() > 20);
        CHECK_FALSE(w.windows.empty());
        CHECK_FALSE(w.tasks.empty());
    }
}

TEST_CASE("a mistake in a world is named with its line and what would be right", "[race][world]") {
    REQUIRE(parse_world(fine, "test"));
    CHECK(refusal(fine + "colour = 1\n") ==
          "test:13: unknown key 'colour'; known here: does, superblock, memcg, inode");
    CHECK(refusal("about = \"x\"\nproducer = \"cosmic\"\n") ==
          "test:2: 'producer' is 'cosmic'; must be one of: offline, vote, blkcg");
    CHECK(refusal(fine + "[[task]]\ndoes = \"umount\"\nsuperblock = \"B\"\n") ==
          "test:15: 'superblock' is 'B', which is not declared above (A)");
    CHECK(refusal("about = \"x\"\nproducer = \"vote\"\n").find("at least one [[task]]") != std::string::npos);
    CHECK(refusal("about = \"x\"\nproducer = \"vote\"\ntimers = 101\n") ==
          "test:3: 'timers' must be a whole number from 0 to 100");
    CHECK(refusal("about = ").starts_with("test:1:"));
}
