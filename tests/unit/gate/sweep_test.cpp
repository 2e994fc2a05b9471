#include "fusefs/gate/sweep.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <atomic>
#include <thread>

using namespace drainlab::gate;

TEST_CASE("a sweep tries every superblock and ends", "[gate]") {
    struct stat proc {};
    REQUIRE(stat("/proc", &proc) == 0);
    std::atomic<int> started{0}, ended{0};
    std::atomic<std::uint64_t> tag{0};
    static sweep s{[&](const sweep_round& round) {
                       tag = round.tag;
                       ++started;
                   },
                   [&](const sweep_round&) { ++ended; }};
    s.begin({});
    CHECK_FALSE(s.going_on());
    for (int round = 1; round <= 3; ++round) {
        const auto last_tag = tag.load();
        s.begin({{1, proc.st_dev}, {2, 0}, {3, proc.st_dev}});  // the second does not exist
        while (s.going_on()) std::this_thread::yield();
        CHECK(s.look().empty());
        CHECK(started == round);
        CHECK(ended == round);
        CHECK(tag != last_tag);
    }
}
