// What cgroup_writeback_umount() waits for under each policy,
// part by part, beside what was measured and what was published.
#include "tests/sim/kernel/burner_world.hpp"

#include <cstdio>

using namespace drainlab;
using namespace drainlab::kernel;
using sched::instant;
using sched::task;

namespace {

struct policy {
    const char* name;
    bool synchronize, barrier;
};
constexpr policy base{"base", false, true}, race{"race", true, true}, rmbarrier{"rmbarrier", true, false};

struct parts {
    times synchronize, barrier, flush, all;
};

task<> drain_once(burner_world& w, policy p, parts& out) {
    const instant start = w.sched.now();
    if (p.synchronize) co_await w.rcu->synchronize();
    const instant synchronized = w.sched.now();
    if (p.barrier) co_await w.rcu->barrier();
    const instant passed = w.sched.now();
    co_await w.wq.flush();
    const instant end = w.sched.now();
    out.synchronize.add(synchronized - start);
    out.barrier.add(passed - synchronized);
    out.flush.add(end - passed);
    out.all.add(end - start);
}

task<> rounds(burner_world& w, policy p, int at_once, int count, parts* out) {
    co_await w.sched.sleep_for(200ms);
    for (int i = 1; i <= count; ++i) {
        co_await w.sched.sleep_for(w.about(100ms));
        for (int k = 0; k < at_once; ++k) w.sched.spawn("umount", drain_once(w, p, *out), sched::fiber_kind::thread, k);
        while (out->all.ns.size() < static_cast<std::size_t>(i * at_once)) co_await w.sched.sleep_for(1ms);
    }
}

parts umounts(const kernel::profile& profile, policy p, int at_once) {
    parts all;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        burner_world w{profile, 4, seed};
        parts out;
        w.sched.spawn("driver", rounds(w, p, at_once, 200 / at_once, &out));
        REQUIRE(w.sched.run() == sched::run_outcome::finished);
        const auto append = [](times& to, const times& from) {
            to.ns.insert(to.ns.end(), from.ns.begin(), from.ns.end());
        };
        append(all.synchronize, out.synchronize);
        append(all.barrier, out.barrier);
        append(all.flush, out.flush);
        append(all.all, out.all);
    }
    return all;
}

}  // namespace

TEST_CASE("the lab's umount parts come out of the mechanism", "[rcu][lab]") {
    struct row {
        int at_once;
        policy p;
        double synchronize, barrier, flush;  // mean ms of a call that waited
    };
    const auto theirs =
        GENERATE(row{1, base, 0, 20.3, 10.7}, row{1, race, 11.8, 19.7, 10.5}, row{1, rmbarrier, 12.0, 0, 9.5},
                 row{8, base, 0, 37.0, 12.0}, row{8, race, 11.5, 34.4, 12.4}, row{8, rmbarrier, 12.3, 0, 10.5});
    const auto ours = umounts(shipped("lab-4vcpu"), theirs.p, theirs.at_once);
    std::printf("lab-4vcpu   %d at once %-9s ours %5.1f / %5.1f / %5.1f   theirs %5.1f / %5.1f / %5.1f\n",
                theirs.at_once, theirs.p.name, ours.synchronize.mean(), ours.barrier.mean(), ours.flush.mean(),
                theirs.synchronize, theirs.barrier, theirs.flush);
    CHECK(within(1.25, ours.synchronize.mean(), theirs.synchronize));
    CHECK(within(1.25, ours.barrier.mean(), theirs.barrier));
    CHECK(within(1.25, ours.flush.mean(), theirs.flush));
}

TEST_CASE("the published medians come out of the profile of that benchmark", "[rcu][published]") {
    struct row {
        int at_once;
        policy p;
        double umount, rest;  // p50 ms of umount(8), and of the same without any global wait (persb)
    };
    const auto theirs = GENERATE(row{1, base, 92.0, 5.3}, row{1, race, 118.8, 5.3}, row{1, rmbarrier, 62.7, 5.3},
                                 row{8, base, 137.5, 8.1}, row{8, race, 162.2, 8.1}, row{8, rmbarrier, 61.3, 8.1});
    const auto ours = umounts(shipped("qemu-16vcpu"), theirs.p, theirs.at_once);
    const double umount = ours.all.quantile(.5) + theirs.rest;
    std::printf("qemu-16vcpu %d at once %-9s ours %5.1f   theirs %5.1f   (%.1f / %.1f / %.1f)\n", theirs.at_once,
                theirs.p.name, umount, theirs.umount, ours.synchronize.mean(), ours.barrier.mean(), ours.flush.mean());
    CHECK(within(1.25, umount, theirs.umount));
}
