// The modelled machine in real mode: its CPUs are kept busy by the callers that the daemon sees.
#pragma once
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/machine_ticks.hpp"
#include "fusefs/kernel/profile.hpp"

#include <vector>

namespace drainlab::kernel {

/// A CPU is busy from the moment a caller is noted on it until a tick later:
/// each distinct caller of one tick takes one CPU, as do the model's own fibers
/// that consume time; more callers than CPUs keep all of them busy. What
/// callers do without asking the daemon is invisible here. Thread: the model's.
class machine_real final : public machine {
  public:
    machine_real(sched::scheduler& sched, const profile& p, std::uint64_t seed = 1);

    int cpus() const override { return cpus_; }
    /// Answers for the last 64 ticks; before that a CPU counts as idle.
    bool busy(int cpu, sched::instant from, sched::instant to) const override;
    bool ever_idle(int cpu, sched::instant from, sched::instant to) const override;
    sched::instant next_tick(int cpu, sched::instant t) const override { return ticks_.next_tick(cpu, t); }
    /// A timer of the scheduler; nothing under the profile `zero`.
    /// Costs too short for a timer add up until they are not.
    sched::task<> consume(sched::nanoseconds cost) override;
    sched::nanoseconds wake_latency(int cpu) override;
    sched::nanoseconds run_delay(int cpu, sched::instant t) const override;
    void note_caller(std::uint64_t who) override { (void)cpu_of(who); }
    /// Notes a caller and tells the CPU it runs on: pass it to scheduler::spawn() for the caller's request.
    int cpu_of(std::uint64_t who);

  private:
    static constexpr std::int64_t history = 64;  // ticks
    struct period {
        std::int64_t number{-1};
        std::vector<std::uint64_t> holder;  // per CPU, 0: idle
    };
    period& at(std::int64_t number);
    bool marked(int cpu, std::int64_t number) const;
    void mark(int cpu);

    sched::scheduler& sched_;
    tick_clock ticks_;
    bool zero_;
    int cpus_;
    sched::nanoseconds worker_wake_;
    sched::nanoseconds owed_{0};
    std::vector<period> periods_;
};

}  // namespace drainlab::kernel
