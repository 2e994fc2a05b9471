// RCU without time: for the exhaustive explorer and for the profile `zero`.
#pragma once
#include "fusefs/kernel/rcu.hpp"

#include <deque>
#include <map>
#include <vector>

namespace drainlab::kernel {

/// A grace period is one event: it can happen as soon as every older read section has ended. Callbacks run
/// in order per CPU, each batch after a grace period of its own. Only wait queues, no timers. Expedited and
/// normal grace periods are the same. Thread: the model's. No fiber may wait in it when it is destroyed.
class rcu_untimed final : public rcu, sched::atomic_observer {
  public:
    explicit rcu_untimed(sched::scheduler& sched) : sched_{sched} {}
    ~rcu_untimed() override;
    /// A held spinlock is a read section: preemption is off, and
    /// PREEMPT_RT takes rcu_read_lock() with the lock. Off by default.
    void count_spinlocks();
    rcu_untimed(const rcu_untimed&) = delete;
    rcu_untimed& operator=(const rcu_untimed&) = delete;

    read_section read_lock() override;
    sched::task<> synchronize() override;
    sched::task<> synchronize_expedited() override;
    void call(std::function<void()> callback) override;
    sched::task<> barrier() override;

    std::uint64_t grace_periods() const override { return grace_periods_; }
    std::size_t callbacks_pending() const override { return pending_; }
    rcu_samples take_samples() override { return std::exchange(samples_, {}); }

  protected:
    void read_unlock(std::uint64_t id) override;
    void atomic_begins(sched::fiber& f) override;
    void atomic_ends(sched::fiber& f) override;

  private:
    struct entry {
        std::function<void()> callback;
        bool entrained;  // by a barrier: needs no grace period of its own
    };
    struct cpu_list {
        std::deque<entry> callbacks;
        bool running{};  // its fiber is there
    };
    sched::task<> grace_period();
    sched::task<> run_callbacks(int cpu);
    void record(std::vector<std::int64_t>& where, sched::instant since);

    sched::scheduler& sched_;
    std::map<std::uint64_t, sched::fiber*> readers_;
    std::map<const sched::fiber*, read_section> atomic_;  // of those that hold a spinlock
    std::uint64_t last_reader_{};
    std::uint64_t waited_for_{};  // somebody's grace period waits for readers up to this one
    std::map<int, cpu_list> lists_;
    std::size_t pending_{};
    std::uint64_t grace_periods_{};
    rcu_samples samples_;
    char reader_key_{};
};

}  // namespace drainlab::kernel
