// Our RCU times beside those measured on a real kernel (Linux 7.1.5, HZ=250, 4 vCPUs), in virtual time.
#include <catch2/catch.hpp>
#include <algorithm>
#include <cstdio>

#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/kernel/workqueue.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/sched/simulated.hpp"

using namespace drainlab;
using namespace drainlab::kernel;
using namespace std::chrono_literals;
using sched::fiber_kind;
using sched::instant;
using sched::task;

namespace {

kernel::profile shipped(const char* name) {
    const auto r = profile::load_profile(name, profile::default_data_dirs());
    INFO(r.error);
    REQUIRE(r);
    return *r.value;
}

/// Four burners as in the measurement: make a cgroup, fork into it, 32 synchronous 4 KiB writes, exit, remove it; a switch of
/// the file's inode each time. One generation takes some 20 ms of CPU time (200 switches a second from four of them).
struct world {
    world(const kernel::profile& p, int burners, std::uint64_t seed)
        : sched{{seed}}, cpus{sched, p, seed}, rcu{make_rcu(sched, cpus, p, seed)}, wq{sched, cpus, "inode_switch_wbs"}, prof{p} {
        for (int i = 0; i < burners; ++i) {
            switches.push_back(std::make_unique<switch_work>());
            auto& s = *switches.back();
            s.work = {"inode_switch_wbs", [this, &s] { return do_switch(s); }};
            sched.spawn("burner", burner(i, s), fiber_kind::service, i);
        }
        for (int c = 0; c < p.cpus; ++c) sched.spawn("kworker", housekeeping(c), fiber_kind::service, c);
    }
    struct switch_work {
        work_struct work;
        instant queued{};
    };
    nanoseconds about(nanoseconds mean) { return nanoseconds(mean.count() / 2 + static_cast<std::int64_t>(sched.generator().below(mean.count()))); }

    task<> burner(int, switch_work& mine) {
        for (;;) {
            co_await cpus.consume(about(3ms));  // mkdir, fork
            for (int i = 0; i < 32; ++i) {
                co_await cpus.consume(about(400us));
                if (i == 8 && !mine.work.pending && !mine.work.running) {
                    mine.queued = sched.now();
                    wq.queue(mine.work);
                }
            }
            co_await cpus.consume(about(3ms));  // exit, wait, rmdir
            cgroup_exit_callbacks(*rcu, prof.callbacks_per_cgroup_exit);
        }
    }
    task<> do_switch(switch_work& s) {
        co_await cpus.consume(20us);
        co_await rcu->synchronize();
        co_await cpus.consume(prof.switch_per_inode);
        switch_ns.push_back((sched.now() - s.queued).count());
    }
    /// What even an idle system does: something short on each CPU some times a second.
    task<> housekeeping(int c) {
        for (;;) {
            const instant at = sched.now() + about(150ms);
            co_await sched.sleep_until(cpus.next_tick(c, at));
            co_await cpus.consume(100us);
        }
    }
    template <class Call>
    task<> observe(Call call, int n, std::vector<std::int64_t>* out) {
        co_await sched.sleep_for(200ms);
        for (int i = 0; i < n; ++i) {
            co_await sched.sleep_for(about(20ms));
            co_await cpus.consume(50us);
            const instant since = sched.now();
            co_await call();
            out->push_back((sched.now() - since).count());
        }
    }
    template <class Call>
    std::vector<std::int64_t> measure(Call call, int n = 400) {
        std::vector<std::int64_t> out;
        sched.spawn("observer", observe(std::move(call), n, &out));
        REQUIRE(sched.run() == sched::run_outcome::finished);
        std::sort(out.begin(), out.end());
        return out;
    }

    sched::simulated_scheduler sched;
    machine_sim cpus;
    std::unique_ptr<kernel::rcu> rcu;
    workqueue wq;
    kernel::profile prof;
    std::vector<std::unique_ptr<switch_work>> switches;
    std::vector<std::int64_t> switch_ns;
};

double at(std::vector<std::int64_t> v, double p) {
    std::sort(v.begin(), v.end());
    return v.empty() ? 0 : static_cast<double>(v[static_cast<std::size_t>(p * static_cast<double>(v.size() - 1))]) / 1e6;
}
double mean(const std::vector<std::int64_t>& v) {
    double s = 0;
    for (auto x : v) s += static_cast<double>(x);
    return v.empty() ? 0 : s / static_cast<double>(v.size()) / 1e6;
}

void print(const char* what, const std::vector<std::int64_t>& v, const char* theirs) {
    std::printf("  %-28s ours %7.3f / %7.3f / %7.3f  mean %7.3f   theirs %s\n", what, at(v, .5), at(v, .95), at(v, 1), mean(v), theirs);
}

}  // namespace

namespace {

struct call_times {
    std::vector<std::int64_t> synchronize, barrier, flush, all;
};

enum class waits { base, race, rmbarrier };

task<> drain_once(world& w, waits kind, call_times& out) {
    const instant t0 = w.sched.now();
    if (kind != waits::base) co_await w.rcu->synchronize();
    const instant t1 = w.sched.now();
    if (kind != waits::rmbarrier) co_await w.rcu->barrier();
    const instant t2 = w.sched.now();
    co_await w.wq.flush();
    const instant t3 = w.sched.now();
    out.synchronize.push_back((t1 - t0).count());
    out.barrier.push_back((t2 - t1).count());
    out.flush.push_back((t3 - t2).count());
    out.all.push_back((t3 - t0).count());
}

task<> umounts(world& w, waits kind, int at_once, int rounds, call_times* out) {
    co_await w.sched.sleep_for(200ms);
    for (int i = 0; i < rounds; ++i) {
        co_await w.sched.sleep_for(w.about(100ms));
        for (int k = 0; k < at_once; ++k) w.sched.spawn("umount", drain_once(w, kind, *out), fiber_kind::thread, k);
        while (out->all.size() < static_cast<std::size_t>((i + 1) * at_once)) co_await w.sched.sleep_for(1ms);
    }
}

}  // namespace

TEST_CASE("umounts", "[.][print]") {
    for (const char* name : {"lab-4vcpu", "qemu-16vcpu"})
        for (const int at_once : {1, 8}) {
            std::printf("%s, %d at once: synchronize + barrier + flush = all, mean ms\n", name, at_once);
            for (const waits kind : {waits::base, waits::race, waits::rmbarrier}) {
                world w{shipped(name), 4, 5};
                call_times t;
                w.sched.spawn("driver", umounts(w, kind, at_once, 200 / at_once, &t));
                REQUIRE(w.sched.run() == sched::run_outcome::finished);
                std::printf("  %d  %6.1f %6.1f %6.1f = %6.1f   p50 %.1f p95 %.1f\n", int(kind), mean(t.synchronize), mean(t.barrier), mean(t.flush), mean(t.all), at(t.all, .5), at(t.all, .95));
            }
        }
}

TEST_CASE("print", "[.][print]") {
    for (const char* name : {"lab-4vcpu", "qemu-16vcpu"}) {
        const auto p = shipped(name);
        std::printf("%s, ms p50 / p95 / max\n", name);
        for (const int burners : {0, 4}) {
            world s{p, burners, 1}, b{p, burners, 2}, e{p, burners, 3};
            print(burners ? "heavy synchronize" : "unloaded synchronize", s.measure([&] { return s.rcu->synchronize(); }), burners ? "11.7 / 16.0 / 19.4" : "6.9 / 12.6 / 16.9");
            print("barrier", b.measure([&] { return b.rcu->barrier(); }), burners ? "20.1 / 27.6 / 32.1" : "0 rarely 24");
            print("expedited", e.measure([&] { return e.rcu->synchronize_expedited(); }), burners ? "1.6 / 3.8 / 5.1" : "0.011 / 0.019 / 0.024");
            if (burners) print("switch", s.switch_ns, "13.2 / 17.6 / 25.3");
            const double sec = std::chrono::duration<double>(s.sched.now().time_since_epoch()).count();
            std::printf("  switches/s %.0f gps/s %.0f steps/s %.0f load %.2f\n", static_cast<double>(s.switch_ns.size()) / sec, static_cast<double>(s.rcu->grace_periods()) / sec, static_cast<double>(s.sched.steps()) / sec, s.cpus.load(0, s.sched.now() - 500ms, s.sched.now()));
        }
    }
}
