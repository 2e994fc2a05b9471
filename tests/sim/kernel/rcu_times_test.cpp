// Our RCU times beside those measured on a real kernel: Linux 7.1.5, HZ=250, 4 vCPUs, idle and under four burners.
#include "tests/sim/kernel/burner_world.hpp"

#include <cstdio>

using namespace drainlab;
using namespace drainlab::kernel;

namespace {

void print(const char* what, const times& ours, double p50, double p95) {
    std::printf("  %-22s ours %7.3f / %7.3f   theirs %7.3f / %7.3f\n", what, ours.quantile(.5), ours.quantile(.95), p50,
                p95);
}

/// `what` of the rcu API, called 1200 times in all under `burners` burners.
template <class Call>
times measured(const kernel::profile& p, int burners, Call what, times* switches = nullptr) {
    times all;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        burner_world w{p, burners, seed};
        const auto call = [&] { return what(*w.rcu); };
        const times t = w.measure(call);
        all.ns.insert(all.ns.end(), t.ns.begin(), t.ns.end());
        if (switches) switches->ns.insert(switches->ns.end(), w.switch_times.ns.begin(), w.switch_times.ns.end());
    }
    return all;
}

sched::task<> synchronize(rcu& r) { return r.synchronize(); }
sched::task<> barrier(rcu& r) { return r.barrier(); }
sched::task<> expedited(rcu& r) { return r.synchronize_expedited(); }

}  // namespace

TEST_CASE("the lab's RCU times come out of the mechanism", "[rcu][lab]") {
    const auto p = shipped("lab-4vcpu");
    std::printf("lab-4vcpu, ms, p50 / p95\n");
    times switched;
    const auto s0 = measured(p, 0, synchronize), s4 = measured(p, 4, synchronize, &switched);
    const auto b0 = measured(p, 0, barrier), b4 = measured(p, 4, barrier);
    const auto e0 = measured(p, 0, expedited), e4 = measured(p, 4, expedited);
    print("synchronize, unloaded", s0, 6.9, 12.6);
    print("barrier, unloaded", b0, 0, 0);
    print("expedited, unloaded", e0, 0.011, 0.019);
    print("synchronize, heavy", s4, 11.7, 16.0);
    print("barrier, heavy", b4, 20.1, 27.6);
    print("expedited, heavy", e4, 1.6, 3.8);
    print("one switch, heavy", switched, 13.2, 17.6);

    CHECK(within(1.25, s0.quantile(.5), 6.9));
    CHECK(b0.quantile(.5) == 0.0);
    CHECK(within(1.25, e0.quantile(.5), 0.011));
    CHECK(within(1.25, s4.quantile(.5), 11.7));
    CHECK(within(1.25, s4.quantile(.95), 16.0));
    CHECK(within(1.25, b4.quantile(.5), 20.1));
    CHECK(within(1.25, b4.quantile(.95), 27.6));
    CHECK(within(1.25, switched.quantile(.5), 13.2));
    CHECK(within(1.25, switched.quantile(.95), 17.6));
    // Less exact: how often an idle machine is not idle at a scan, and how long a
    // woken thread waits for a busy CPU, belong to the load, which is simpler here.
    CHECK(within(1.7, s0.quantile(.95), 12.6));
    CHECK(within(2.5, e4.quantile(.5), 1.6));
}

TEST_CASE("on PREEMPT_RT one grace period inside umount takes what ftrace saw", "[rcu][rt]") {
    const auto t = measured(shipped("rt-8cpu"), 0, expedited);
    std::printf("rt-8cpu, ms, p50 / p95\n");
    print("namespace_unlock()", t, 15.8, 15.8);
    CHECK(within(1.25, t.quantile(.5), 15.8));
}
