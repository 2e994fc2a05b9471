// When the modelled CPUs tick. Shared by both machines.
#pragma once
#include "fusefs/kernel/profile.hpp"
#include "fusefs/sched/time.hpp"

#include <cstdint>

namespace drainlab::kernel {

/// Ticks of all CPUs fall on the same multiples of 1/HZ (kernel/time/tick-sched.c aligns them unless
/// skew_tick=1), each late by a random part of `tick_jitter`. On an overcommitted host a busy vCPU
/// runs for one host slice, then stands aside while others run: in every period of overcommit * slice
/// it has one slice, at a random place. An interrupt that falls due while it stands aside is taken
/// when it runs again, so a tick is late by 0 .. 2 * (overcommit - 1) slices, and ticks that fall due
/// together are taken as one. Pure: the same (seed, cpu, tick number) gives the same instant.
class tick_clock {
  public:
    explicit tick_clock(const profile& p, std::uint64_t seed = 1);

    /// The first tick of `cpu` strictly after `t`.
    sched::instant next_tick(int cpu, sched::instant t) const;
    /// Time from `t` until the host runs the busy vCPU `cpu`; 0 without overcommit.
    sched::nanoseconds run_delay(int cpu, sched::instant t) const;
    sched::nanoseconds tick() const noexcept { return tick_; }
    /// The number of the last tick boundary at or before `t`: jiffies.
    std::int64_t jiffies(sched::instant t) const noexcept { return t.time_since_epoch() / tick_; }

    /// A host's scheduling slice: base_slice_ns, 0.7 ms * (1 + log2(8 CPUs or more)) (kernel/sched/fair.c).
    static constexpr sched::nanoseconds host_slice{2'800'000};

  private:
    sched::instant at(int cpu, std::int64_t number) const;
    sched::instant runs_in_period(int cpu, std::int64_t period) const;
    std::uint64_t draw(int cpu, std::int64_t number, std::uint64_t what) const;

    sched::nanoseconds tick_, jitter_, period_;
    std::uint64_t seed_;
};

}  // namespace drainlab::kernel
