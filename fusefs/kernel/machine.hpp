// The modelled machine below the kernel: which CPUs are busy, when they tick, what CPU time costs.
#pragma once
#include "fusefs/sched/scheduler.hpp"

namespace drainlab::kernel {

/// Answers what the RCU engine and the workqueues ask about CPUs. Two implementations: one for real mode, which
/// knows the callers seen in the last tick (machine_real), one for the simulator, with run queues (machine_sim).
class machine {
  public:
    virtual ~machine() = default;
    virtual int cpus() const = 0;
    /// Was `cpu` ever non-idle in [from, to]? An idle CPU is in an extended quiescent state.
    virtual bool busy(int cpu, sched::instant from, sched::instant to) const = 0;
    /// Was `cpu` idle at any moment in [from, to]? Then it has passed through a quiescent state.
    virtual bool ever_idle(int cpu, sched::instant, sched::instant to) const { return !busy(cpu, to, to); }
    /// How long from `t` until the host runs this (busy) vCPU
    /// again: what an interrupt waits for on an overcommitted host.
    virtual sched::nanoseconds run_delay(int, sched::instant) const { return sched::nanoseconds{0}; }
    /// The first tick of `cpu` strictly after `t`, jitter included. Deterministic for one (cpu, tick number), but where
    /// an emulator runs its CPUs in turn: then as things stand now.
    virtual sched::instant next_tick(int cpu, sched::instant t) const = 0;
    /// When a thread woken at `t` on a busy `cpu` gets its turn
    /// there. Real mode knows of no run queue: at the next tick.
    virtual sched::instant turn_after(int cpu, sched::instant t) const { return next_tick(cpu, t); }
    /// Spends CPU time on the current fiber's CPU. Real mode: a timer, or nothing; simulation: contends for the CPU.
    virtual sched::task<> consume(sched::nanoseconds cost) = 0;
    /// Time until a thread woken now on `cpu` runs.
    virtual sched::nanoseconds wake_latency(int cpu) = 0;
    /// A real caller (a thread of the machine outside) was seen doing something now; `who` tells callers apart.
    virtual void note_caller(std::uint64_t who) = 0;
};

}  // namespace drainlab::kernel
