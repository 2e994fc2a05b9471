#include "controller/real/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace drainlab::real;
using nlohmann::json;

TEST_CASE("phases become lengths since the call", "[values]") {
    const auto mount = json::parse(R"({"phases_ns":{"detached":1500,"drain_begins":1700,"drained":900,"dead":null},
        "drain":{"calls":1,"waited":1,"ns":400,"parts_ns":{"synchronize":100,"barrier":200,"flush":100},
                 "modelled_ns":300,"in_flight_at_entry":3}})");
    const auto u = umount_of(mount, 1000);
    CHECK(u.detached_ns == 500u);
    CHECK(u.drain_begins_ns == 700u);
    CHECK(u.drained_ns == 0u);
    CHECK_FALSE(u.dead_ns.has_value());
    CHECK(u.drain_waited == 1);
    CHECK(u.barrier_ns == 200);
    CHECK(u.modelled_ns == 300);
    CHECK(u.in_flight_at_entry == 3u);
}

TEST_CASE("counters become a cycle", "[values]") {
    const auto c = cycle_of(json::parse(R"({"switches":{"queued":5,"done":4,"inodes":6,
        "by_producer":{"vote":3,"offline":2,"blkcg":0}},
        "rcu_ns":{"synchronize":[1,2],"barrier":[],"expedited":[],"switch":[7]},
        "loop_lag_us":{"p50":1.5,"p99":2,"max":9},"guessed_bytes":4096,"unknown_caller":1,
        "violations":[{"invariant":"busy_inodes","message":"m","producer":null,"mount":"t","t_ns":1}]})"));
    CHECK(c.switches.queued == 5);
    CHECK(c.switches.by_producer.offline == 2);
    CHECK(c.synchronize_ns == std::vector<std::uint64_t>{1, 2});
    CHECK(c.switch_ns.size() == 1);
    CHECK(c.loop_lag_us->p50 == Approx(1.5));
    REQUIRE(c.violations.size() == 1);
    CHECK_FALSE(c.violations[0].producer.has_value());
}

TEST_CASE("what a daemon does not say counts as nothing", "[values]") {
    const auto u = umount_of(json::object(), 0);
    CHECK(u.drain_calls == 0);
    CHECK_FALSE(u.in_flight_at_entry.has_value());
    CHECK_FALSE(cycle_of(json::object()).loop_lag_us.has_value());
}
