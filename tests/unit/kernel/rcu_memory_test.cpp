// What a grace period orders: every CPU passes a full barrier while it lasts (kernel/rcu/tree.c: synchronize_rcu()).
#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/sched/exhaustive.hpp"
#include "fusefs/sched/search.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace drainlab::sched;
using drainlab::kernel::rcu_untimed;

namespace {

constexpr point here{"here"};

struct machine {
    explicit machine(decider& choices) : sched{choices}, rcu{sched}, x{sched}, y{sched} {}
    ~machine() { sched.drop_all(); }
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;

    exhaustive_scheduler sched;
    rcu_untimed rcu;
    shared x, y;
    std::string trace;
};

template <class First, class Second>
std::set<std::string> outcomes(First first, Second second) {
    std::set<std::string> all;
    depth_first search;
    do {
        machine m{search};
        m.sched.spawn("first", first(m));
        m.sched.spawn("second", second(m));
        CHECK(m.sched.run() == exhaustive_outcome::finished);
        all.insert(m.trace);
    } while (search.next());
    return all;
}

/// x = 1, no barrier, read y.
task<> light(machine& m) {
    m.x.store(1);
    co_await m.sched.preempt(here);
    m.trace += "y" + std::to_string(m.y.load());
    co_await m.sched.preempt(here);  // its end would be a barrier
}

task<> heavy(machine& m, bool grace_period) {
    m.y.store(1);
    co_await m.sched.preempt(here);
    if (grace_period) co_await m.rcu.synchronize();
    m.trace += "x" + std::to_string(m.x.load());
    co_await m.sched.preempt(here);
}

bool both_missed(const std::set<std::string>& all) { return all.contains("x0y0") || all.contains("y0x0"); }

}  // namespace

TEST_CASE("a grace period is a barrier for CPUs that are in no read section, too", "[rcu][memory]") {
    CHECK(both_missed(outcomes(light, [](machine& m) { return heavy(m, false); })));
    CHECK_FALSE(both_missed(outcomes(light, [](machine& m) { return heavy(m, true); })));
}

TEST_CASE("what is stored while a grace period lasts may be seen late", "[rcu][memory]") {
    const auto waits = [](machine& m) -> task<> {
        m.trace += "(";
        co_await m.rcu.synchronize();
        m.trace += ")" + std::to_string(m.x.load());
    };
    const auto stores = [](machine& m) -> task<> {
        m.x.store(1);
        m.trace += "s";
        co_await m.sched.preempt(here);
        co_await m.sched.preempt(here);
    };
    const auto all = outcomes(waits, stores);
    CHECK(all.contains("(s)0"));
    CHECK(all.contains("(s)1"));
    CHECK(all.contains("s()1"));
    CHECK_FALSE(all.contains("s()0"));
}

TEST_CASE("what a reader stores is seen after the grace period that waited for it", "[rcu][memory]") {
    const auto reads = [](machine& m) -> task<> {
        auto section = m.rcu.read_lock();
        m.trace += "r";
        co_await m.sched.preempt(here);
        m.x.store(1);
        section.unlock();
        co_await m.sched.preempt(here);
    };
    const auto waits = [](machine& m) -> task<> {
        co_await m.sched.preempt(here);
        const bool older = !m.trace.empty();
        co_await m.rcu.synchronize();
        m.trace += (older ? "o" : "y") + std::to_string(m.x.load());
    };
    const auto all = outcomes(reads, waits);
    CHECK(all.contains("ro1"));
    CHECK_FALSE(all.contains("ro0"));
}
