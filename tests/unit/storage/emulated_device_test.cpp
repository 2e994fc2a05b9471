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

    SECTION("unlimited takes no time") { CHECK(device.admit(start, 1 << 20) == start); }
    SECTION("latency overlaps") {
        device.set_limits({10ms, 0, 0});
        CHECK(device.admit(start, 4096) == start + 10ms);
        CHECK(device.admit(start, 4096) == start + 10ms);
    }
    SECTION("bandwidth is shared, one after the other") {
        device.set_limits({0ms, 1'000'000, 0});
        CHECK(device.admit(start, 500'000) == start + 500ms);
        CHECK(device.admit(start, 500'000) == start + 1s);
    }
    SECTION("of bandwidth and iops the slower counts, latency comes on top") {
        device.set_limits({1ms, 1'000'000, 100});
        CHECK(device.admit(start, 1000) == start + 10ms + 1ms);
        CHECK(device.admit(start, 100'000) == start + 110ms + 1ms);
    }
}

TEST_CASE("What was wanted of a device and what it took is counted since its limits were set", "[device]") {
    sched::simulated_scheduler sched;
    emulated_device device{sched};
    device.set_limits({10ms, 0, 0, 5ms});
    sched.spawn("user", [](emulated_device& d) -> sched::task<> {
        co_await d.transfer(4096);
        co_await d.transfer(4096);
        co_await d.flush();
    }(device));
    sched.run();
    CHECK(device.times().requests.count == 2);
    CHECK(device.times().requests.wanted == 20ms);
    CHECK(device.times().requests.took == 20ms);
    CHECK(device.times().bytes == 8192);
    CHECK(device.times().flushes.count == 1);
    CHECK(device.times().flushes.took == 5ms);
    device.set_limits({});
    CHECK(device.times().requests.count == 0);
}

TEST_CASE("New limits do not make new requests queue behind old ones", "[device]") {
    sched::simulated_scheduler sched;
    emulated_device device{sched};
    device.set_limits({0ms, 1000, 0});
    CHECK(device.admit(sched.now(), 10'000) == sched.now() + 10s);
    device.set_limits({1ms, 0, 0});
    CHECK(device.admit(sched.now(), 4096) == sched.now() + 1ms);
}
