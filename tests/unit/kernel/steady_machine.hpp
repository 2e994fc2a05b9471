// A machine for tests whose CPUs are busy or idle as the test says.
#pragma once
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/machine_ticks.hpp"

#include <vector>

namespace drainlab::kernel {

/// The first `busy_cpus` CPUs never idle, the others always do. Waking takes `wake`.
class steady_machine final : public machine {
  public:
    steady_machine(sched::scheduler& sched, const profile& p, int busy_cpus = 0, nanoseconds wake = nanoseconds{0})
        : sched_{sched}, ticks_{p}, cpus_{p.cpus}, busy_{busy_cpus}, wake_{wake} {}
    int cpus() const override { return cpus_; }
    bool busy(int cpu, sched::instant, sched::instant) const override { return cpu < busy_; }
    sched::instant next_tick(int cpu, sched::instant t) const override { return ticks_.next_tick(cpu, t); }
    sched::task<> consume(nanoseconds cost) override { co_await sched_.sleep_for(cost, "CPU time"); }
    nanoseconds wake_latency(int) override { return wake_; }
    void note_caller(std::uint64_t) override {}

  private:
    sched::scheduler& sched_;
    tick_clock ticks_;
    int cpus_, busy_;
    nanoseconds wake_;
};

}  // namespace drainlab::kernel
