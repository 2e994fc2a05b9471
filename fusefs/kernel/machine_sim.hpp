// The modelled machine in the simulator: CPUs with run queues, in virtual time.
#pragma once
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/machine_ticks.hpp"
#include "fusefs/kernel/profile.hpp"

#include <deque>
#include <functional>
#include <vector>

namespace drainlab::kernel {

/// Fibers that consume() share the CPUs: one runs on each, the others of that CPU wait in its queue and take turns
/// at ticks. Who comes finds an idle CPU if there is one, as a waking thread does (select_idle_sibling()); a
/// waiting thread moves when a CPU falls idle. On an overcommitted host a vCPU that has rested runs at full speed
/// for up to one host slice (the host's scheduler favours who has slept), then gets 1/overcommit of the time. With
/// `shared_clock` (an emulator that counts the instructions of all CPUs on one clock and runs them in turn) each
/// of n busy CPUs gets 1/n of the time, and an interrupt, its tick's too, waits for the turns before its CPU's. No
/// event happens at a tick unless somebody waits for the CPU. Thread: the model's. Busy times are kept for `history`.
class machine_sim final : public machine {
  public:
    machine_sim(sched::scheduler& sched, const profile& p, std::uint64_t seed = 1);

    int cpus() const override { return static_cast<int>(cpus_.size()); }
    bool busy(int cpu, sched::instant from, sched::instant to) const override;
    bool ever_idle(int cpu, sched::instant from, sched::instant to) const override;
    sched::instant turn_after(int cpu, sched::instant t) const override;
    sched::instant next_tick(int cpu, sched::instant t) const override;
    sched::task<> consume(sched::nanoseconds cost) override { return consume(cost, sched::nanoseconds{0}); }
    /// The same by somebody who will want the CPU for `then` more at
    /// once: nobody who waits comes between, until its slice is over.
    sched::task<> consume(sched::nanoseconds cost, sched::nanoseconds then);
    /// The same for a synchronous write to a file. Its first in a tick (`stamped` is that of the one before) has a new
    /// mtime to commit: the writer sleeps until the journal's thread has done that, so somebody who waits comes first.
    sched::task<> write(sched::nanoseconds cost, sched::nanoseconds then, std::int64_t& stamped);
    /// Longer on a busy CPU: until its thread gives it up or the next
    /// tick takes it away, and those before us have had their turns.
    sched::nanoseconds wake_latency(int cpu) override;
    sched::nanoseconds run_delay(int cpu, sched::instant t) const override;
    /// Where a thread that is forked on `cpu` begins: on the other CPU that
    /// fell idle last (sched_balance_find_dst_group_cpu()), else there.
    int fork_cpu(int cpu) const;
    /// In the simulator callers are fibers, which consume time themselves.
    void note_caller(std::uint64_t) override {}

    /// Told of every turn that somebody had on a CPU, when it is over.
    std::function<void(int cpu, const sched::fiber& who, sched::instant from, sched::instant to)> on_turn;

    /// The share of [from, to] that `cpu` was not idle.
    double load(int cpu, sched::instant from, sched::instant to) const;

    static constexpr sched::nanoseconds history{1'000'000'000};
    /// With a shared clock, how often a running thread looks again how many share it.
    static constexpr sched::nanoseconds recount{1'000'000};

  private:
    struct interval {
        sched::instant from, to;
    };
    struct waiting {
        sched::fiber* who;
        sched::nanoseconds turn;  // the CPU time it asks for, at most a tick
    };
    struct cpu {
        bool taken{};
        sched::instant since{}, until{};  // of the running turn; `until` if nobody comes
        sched::instant picked{};          // when the one that runs got the CPU
        sched::fiber_id last{};  // who ran last, and may be gone: never an address, as a later fiber can have it
        sched::fiber_id kept{};  // between two turns of the same, or 0
        sched::instant idle_since{};
        sched::nanoseconds credit{tick_clock::host_slice};  // CPU time it may still use at full speed
        std::deque<waiting> queue;
        sched::nanoseconds queued{};  // the turns of all in the queue
        std::deque<interval> past;    // when it was busy, merged, oldest first
    };
    int choose(const sched::fiber& f) const;
    sched::task<> take(sched::fiber& me, sched::nanoseconds cost);
    sched::nanoseconds wall_time(const cpu& c, sched::nanoseconds cost) const;
    sched::nanoseconds used(cpu& c, sched::nanoseconds wall) const;
    sched::nanoseconds turns_before(int number) const;
    void give_up(int c);
    void keep(int number, const sched::fiber& me);
    sched::task<> release(int number);
    void runs(cpu& c, const sched::fiber& who);
    sched::instant slice_end(int number, sched::instant now) const;
    void note(cpu& c, sched::instant from, sched::instant to);

    sched::scheduler& sched_;
    tick_clock ticks_;
    double overcommit_;
    sched::nanoseconds context_switch_, worker_wake_;
    bool shared_clock_;
    /// sysctl_sched_base_slice, 0.7 ms times 1 + log2 of the CPUs (of at most 8), and
    /// half of it: all that runs here is new, a child that makes a few writes or an
    /// umount(8), and a new task's first slice is half as long (PLACE_DEADLINE_INITIAL).
    sched::nanoseconds slice_;
    int taken_{};   ///< CPUs that run something
    int queued_{};  ///< fibers that wait for a CPU
    std::vector<cpu> cpus_;
};

}  // namespace drainlab::kernel
