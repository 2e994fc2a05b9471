#include "fusefs/storage/emulated_device.hpp"

#include "fusefs/sched/simulated.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace std::chrono_literals;
using storage::emulated_device;

TEST_CASE("A device is as slow as asked for", "[device]") {
    sched::simulated_scheduler sched;
    emulated_device device{sched};
    const auto start = sched.now();

    SECTION("unlimited takes no time") { CHECK(device.admit(1 << 20) == start); }
    SECTION("latency overlaps") {
        device.set_limits({10ms, 0, 0});
        CHECK(device.admit(4096) == start + 10ms);
        CHECK(device.admit(4096) == start + 10ms);
    }
    SECTION("bandwidth is shared, one after the other") {
        device.set_limits({0ms, 1'000'000, 0});
        CHECK(device.admit(500'000) == start + 500ms);
        CHECK(device.admit(500'000) == start + 1s);
    }
    SECTION("of bandwidth and iops the slower counts, latency comes on top") {
        device.set_limits({1ms, 1'000'000, 100});
        CHECK(device.admit(1000) == start + 10ms + 1ms);
        CHECK(device.admit(100'000) == start + 110ms + 1ms);
    }
}
