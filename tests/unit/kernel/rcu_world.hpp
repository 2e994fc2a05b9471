// The timed RCU engine on a machine of four CPUs.
#pragma once
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/simulated.hpp"
#include "tests/unit/kernel/steady_machine.hpp"

namespace drainlab::tests {

using namespace drainlab::kernel;
using namespace std::chrono_literals;
using sched::instant;
using sched::run_outcome;
using sched::task;

constexpr auto tick = 4ms;

inline profile lab() {
    profile p;
    p.zero = false;
    p.hz = 250;
    p.cpus = 4;
    p.callback_cost = 1us;
    return p;
}

/// Four CPUs at HZ=250, `busy` of them never idle.
struct rcu_world {
    explicit rcu_world(int busy = 4, profile p = lab(), std::uint64_t seed = 1)
        : sched{{seed}}, cpus{sched, p, busy}, engine{sched, cpus, p, seed} {}

    /// Runs `body` as a thread on `cpu` after `delay`.
    template <class Body>
    void after(nanoseconds delay, Body body, int cpu = 0) {
        sched.spawn("test", run_after(delay, std::move(body)), sched::fiber_kind::thread, cpu);
    }
    template <class Body>
    task<> run_after(nanoseconds delay, Body body) {
        co_await sched.sleep_for(delay);
        co_await body();
    }
    /// How long one synchronize / barrier called at `at` takes.
    void time_synchronize(nanoseconds at, nanoseconds* took) {
        after(at, [this, took]() -> task<> {
            const instant since = sched.now();
            co_await engine.synchronize();
            *took = sched.now() - since;
        });
    }
    void time_barrier(nanoseconds at, nanoseconds* took) {
        after(at, [this, took]() -> task<> {
            const instant since = sched.now();
            co_await engine.barrier();
            *took = sched.now() - since;
        });
    }

    sched::simulated_scheduler sched;
    steady_machine cpus;
    rcu_engine engine;
};

}  // namespace drainlab::tests
