#include "workloads/guest/causes.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace drainlab::guest;

namespace {

trace_event at(std::int64_t us, const char* name, int pid, int cpu) {
    trace_event e;
    e.pid = pid;
    e.cpu = cpu;
    e.at_ns = us * 1000;
    e.name = name;
    return e;
}

}  // namespace

TEST_CASE("medians are of what was measured", "[guest][causes]") {
    CHECK(median({}) == causes::unknown);
    CHECK(median({7}) == 7);
    CHECK(median({9, 1, 5}) == 5);
    CHECK(median({4, 1, 3, 2}) == 2);
}

TEST_CASE("spans pair an entry with its return, by task or by CPU", "[guest][causes]") {
    const std::vector<trace_event> events{
        at(5, "out_rcu_do_batch", 1, 0),  // its entry was before the trace
        at(10, "in_rcu_do_batch", 1, 0),  at(11, "in_rcu_do_batch", 2, 1),  at(14, "out_rcu_do_batch", 1, 0),
        at(20, "out_rcu_do_batch", 3, 1),  // a softirq goes on in whoever's task
        at(30, "in_rcu_gp_init", 16, 2),  at(37, "out_rcu_gp_init", 16, 3), at(40, "in_rcu_do_batch", 1, 0)};
    CHECK(spans_of(events, "rcu_do_batch", paired_by::cpu) == std::vector<std::int64_t>{4000, 9000});
    CHECK(spans_of(events, "rcu_gp_init", paired_by::task) == std::vector<std::int64_t>{7000});
    CHECK(spans_of(events, "rcu_gp_init", paired_by::cpu).empty());
}

TEST_CASE("hits are read off the kernel's table of probes", "[guest][causes]") {
    const std::string text =
        "  in_rcu_gp_cleanup                                        12               0\n"
        "  queued                                                 4711               3\n"
        "  queued_too                                                1               0\n";
    CHECK(hits_of(text, "queued") == 4711);
    CHECK(hits_of(text, "in_rcu_gp_cleanup") == 12);
    CHECK(hits_of(text, "absent") == 0);
    CHECK(hits_of("", "queued") == 0);
}

TEST_CASE("a generation's callbacks are those beyond what the machine sends anyway", "[guest][causes]") {
    const counted idle{1'000'000'000, 300, 10, 0}, loaded{2'000'000'000, 100'600, 150, 1000};
    CHECK(callbacks_per_generation(idle, loaded) == 100);
    CHECK(callbacks_per_generation(idle, {2'000'000'000, 10, 1, 5}) == 0);
    CHECK(callbacks_per_generation(idle, {2'000'000'000, 10, 1, 0}) == causes::unknown);
    CHECK(callbacks_per_generation({}, loaded) == causes::unknown);
    CHECK(per_second(150, 2'000'000'000) == 75);
    CHECK(per_second(1, 0) == causes::unknown);
    CHECK(permille(1, 3) == 333);
    CHECK(permille(5, 3) == 1000);
    CHECK(permille(0, 0) == causes::unknown);
    CHECK(permille(-1, 3) == causes::unknown);
}

TEST_CASE("an umount's own time is without its grace period and its drain", "[guest][causes]") {
    umount_parts p;
    p.detached_at = 1'001'500;
    p.dead_at = 1'003'600;
    p.expedited_ns = 300;
    p.drain_ns = 800;
    const auto own = own_time_of(p, 1'000'000, 4000);
    REQUIRE(own);
    CHECK(own->before == 1500);
    CHECK(own->shutdown == 1000);
    CHECK(own->after == 400);
    causes c;
    set_shares(c, {*own, *own});
    CHECK(c.before_call_permille == 517);
    CHECK(c.in_shutdown_permille == 345);
    p.dead_at.reset();
    CHECK_FALSE(own_time_of(p, 1'000'000, 4000));
}

TEST_CASE("shares of nothing stay unknown", "[guest][causes]") {
    causes c;
    set_shares(c, {});
    CHECK(c == causes{});
}

TEST_CASE("who wakes synchronize_rcu(), from the kernel's parameter", "[guest][causes]") {
    CHECK_FALSE(wakes_from_gp("", 4));  // before 6.10 there is none
    CHECK_FALSE(wakes_from_gp("0\n", 4));
    CHECK(wakes_from_gp("1\n", 64));
    CHECK(wakes_from_gp("-1\n", 16));
    CHECK_FALSE(wakes_from_gp("-1\n", 17));
    CHECK(wakes_from_gp("Y\n", 64));
    CHECK_FALSE(wakes_from_gp("N\n", 4));
}

TEST_CASE("every cause has a name of its own", "[guest][causes]") {
    std::set<std::string_view> names;
    causes c;
    for (const auto& k : cause_keys()) {
        names.insert(k.name);
        CHECK(c.*k.field == causes::unknown);
        c.*k.field = 1;  // so each field is there once
    }
    CHECK(names.size() == cause_keys().size());
}
