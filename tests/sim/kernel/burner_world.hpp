// The load under which RCU was measured on a real kernel, in virtual time.
#pragma once
#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/kernel/workqueue.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/sched/simulated.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::kernel {

using namespace std::chrono_literals;

inline kernel::profile shipped(const std::string& name) {
    const auto r = drainlab::profile::load_profile(name, drainlab::profile::default_data_dirs());
    INFO(r.error);
    REQUIRE(r);
    return *r.value;
}

/// Times in ns, asked for in ms.
struct times {
    std::vector<std::int64_t> ns;
    void add(nanoseconds d) { ns.push_back(d.count()); }
    double quantile(double p) const {
        auto v = ns;
        std::sort(v.begin(), v.end());
        return v.empty()
                   ? 0.0
                   : static_cast<double>(v[static_cast<std::size_t>(p * static_cast<double>(v.size() - 1))]) / 1e6;
    }
    double mean() const {
        double sum = 0;
        for (const auto x : ns) sum += static_cast<double>(x);
        return ns.empty() ? 0.0 : sum / static_cast<double>(ns.size()) / 1e6;
    }
};

/// `ours` is within a factor of `theirs`.
inline bool within(double factor, double ours, double theirs) {
    return ours <= theirs * factor && ours * factor >= theirs;
}

/// Four burners as in the measurement: make a cgroup, fork into it, synchronous 4 KiB writes, exit, remove it;
/// a switch of the file's inode each time, asked for by the ninth write. What each takes is the profile's.
struct burner_world {
    burner_world(const kernel::profile& p, int burners, std::uint64_t seed)
        : sched{{seed}},
          cpus{sched, p, seed},
          rcu{make_rcu(sched, cpus, p, seed)},
          wq{sched, cpus, "inode_switch_wbs"},
          prof{p} {
        for (int i = 0; i < burners; ++i) {
            switches.push_back(std::make_unique<switch_work>());
            auto& s = *switches.back();
            s.work = {"inode_switch_wbs", [this, &s] { return do_switch(s); }};
            sched.spawn("burner", burner(i, s), sched::fiber_kind::service, i);
        }
        sched.spawn("kworker", housekeeping(), sched::fiber_kind::service);
    }
    struct switch_work {
        work_struct work;
        sched::instant queued{};
    };
    nanoseconds about(nanoseconds mean) {
        return nanoseconds(mean.count() / 2 + static_cast<std::int64_t>(
                                                  sched.generator().below(static_cast<std::uint64_t>(mean.count()))));
    }

    sched::task<> burner(int, switch_work& mine);
    sched::task<> do_switch(switch_work& s);
    /// What even an idle system does: 16 times a second something short, about the time of a tick, on some CPU.
    sched::task<> housekeeping();
    /// Calls `call` `n` times at random moments.
    template <class Call>
    times measure(Call call, int n = 400) {
        times out;
        sched.spawn("observer", observe(std::move(call), n, &out));
        REQUIRE(sched.run() == sched::run_outcome::finished);
        return out;
    }
    template <class Call>
    sched::task<> observe(Call call, int n, times* out) {
        co_await sched.sleep_for(200ms);
        for (int i = 0; i < n; ++i) {
            co_await sched.sleep_for(about(20ms));
            co_await cpus.consume(50us);
            const sched::instant since = sched.now();
            co_await call();
            out->add(sched.now() - since);
        }
    }

    sched::simulated_scheduler sched;
    machine_sim cpus;
    std::unique_ptr<kernel::rcu> rcu;
    workqueue wq;
    kernel::profile prof;
    std::vector<std::unique_ptr<switch_work>> switches;
    times switch_times;
};

}  // namespace drainlab::kernel
