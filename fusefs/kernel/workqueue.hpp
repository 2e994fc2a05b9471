// Workqueues: kernel/workqueue.c as far as inode switching and writeback use it.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/rcu.hpp"
#include "fusefs/sched/scheduler.hpp"

namespace drainlab::kernel {

class workqueue;

/// struct work_struct. Owned by the user, who keeps it alive while it is pending or running.
/// Not re-entrant: queued while pending it stays queued once; queued while running it runs once more afterwards.
struct work_struct {
    std::string name;
    std::function<sched::task<>()> func;

    bool pending{};
    bool running{};
    int colour{};         ///< the flush colour it was queued with
    int cpu{};            ///< where it was queued
    bool requeued{};      ///< queued again while running
};

/// struct delayed_work
struct delayed_work {
    work_struct work;
    bool armed{};
    std::uint64_t epoch{};  ///< tells a cancelled or moved timer from the live one
    sched::instant due{};
};

/// alloc_workqueue(). flush() is colour based: it waits for every item queued before it, of anybody, and for none queued
/// later (kernel/workqueue.c: __flush_workqueue; 16 colours, further flushers queue up).
/// Thread: the model's. All work and all delayed work must be done, or cancelled, before it is destroyed; the scheduler drops
/// fibers first otherwise.
class workqueue {
  public:
    /// `max_active` 0: the default, 256 items running per CPU. `unbound`: not bound to the CPU that queues.
    workqueue(sched::scheduler& sched, machine& cpu_model, std::string name, int max_active = 0, bool unbound = false);
    workqueue(const workqueue&) = delete;
    workqueue& operator=(const workqueue&) = delete;

    /// queue_work(): false if it was pending already.
    bool queue(work_struct& work);
    /// mod_delayed_work(): (re)arms; queue_delayed_work() leaves an armed one alone.
    bool mod_delayed(delayed_work& work, sched::nanoseconds delay);
    bool queue_delayed(delayed_work& work, sched::nanoseconds delay);
    /// cancel_delayed_work_sync() and flush_work(): return when it neither pends nor runs.
    sched::task<> cancel_sync(delayed_work& work);
    sched::task<> flush_work(work_struct& work);
    /// queue_rcu_work(): call_rcu(), then the callback queues the work. flush() does not see it before that.
    void queue_rcu(rcu& r, work_struct& work);
    /// flush_workqueue()
    sched::task<> flush();

    const std::string& name() const noexcept { return name_; }
    std::size_t pending() const noexcept { return pending_.size(); }
    std::size_t running() const noexcept { return running_; }

  private:
    sched::scheduler& sched_;
    machine& machine_;
    std::string name_;
    int max_active_;
    bool unbound_;
    std::deque<work_struct*> pending_;
    std::size_t running_{};
};

}  // namespace drainlab::kernel
