// Workqueues: kernel/workqueue.c as far as inode switching and writeback use it.
#pragma once
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/rcu.hpp"
#include "fusefs/sched/scheduler.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace drainlab::kernel {

class workqueue;

/// struct work_struct. Owned by the user, who keeps it alive while it is pending or running.
/// Not re-entrant: queued while pending it stays queued once; queued while running it runs once more afterwards.
struct work_struct {
    std::string name;
    std::function<sched::task<>()> func;

    bool pending{};
    bool running{};
    int colour{};                                ///< the flush colour it was queued with
    int cpu{};                                   ///< where it was queued
    bool requeued{};                             ///< queued again while running
    bool cancelling{};                           ///< cancel_sync() waits for it: it cannot be queued
    std::uint64_t queued_count{}, done_count{};  ///< how often it was queued, and the last of these that is over
};

/// struct delayed_work
struct delayed_work {
    work_struct work;
    bool armed{};
    std::uint64_t epoch{};  ///< tells a cancelled or moved timer from the live one
    sched::instant due{};
};

/// Neither armed nor pending nor running. Whoever waits for that waits on the address of its `work`.
inline bool idle(const delayed_work& w) noexcept { return !w.armed && !w.work.pending && !w.work.running; }

/// alloc_workqueue(). flush() is colour based: it waits for every item queued before it, of
/// anybody, and for none queued later (kernel/workqueue.c: __flush_workqueue; 16 colours,
/// further flushers queue up). Thread: the model's. All work and all delayed work must be
/// done, or cancelled, before it is destroyed; the scheduler drops fibers first otherwise.
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
    std::size_t pending() const noexcept { return pending_; }
    std::size_t running() const noexcept { return running_; }

  private:
    static constexpr int colours = 16;  // WORK_NR_COLORS
    static constexpr int next(int colour) noexcept { return (colour + 1) % colours; }
    /// One queued item on its way to a worker. The work may be gone if it was cancelled.
    struct item {
        work_struct* work;
        std::uint64_t count;
        bool cancelled{};
    };
    /// struct wq_flusher
    struct flusher {
        int colour;
        bool done{};
    };
    struct pool {
        int active{};
        std::deque<std::shared_ptr<item>> inactive;  // beyond max_active
    };

    sched::task<> worker(std::shared_ptr<item> it, int pool_cpu);
    sched::task<> timer(std::uint64_t id, sched::instant due);
    void start(std::shared_ptr<item> it, int pool_cpu);
    void finish(work_struct& work, std::uint64_t count);
    void retire(int colour);
    void drop(work_struct& work);
    void settle();
    int this_cpu() const;
    int idle_cpu() const;

    sched::scheduler& sched_;
    machine& machine_;
    std::string name_;
    int max_active_;
    bool unbound_;
    std::size_t pending_{}, running_{};
    std::map<int, pool> pools_;  // by CPU; -1: unbound
    std::map<work_struct*, std::shared_ptr<item>> waiting_items_;
    std::map<std::uint64_t, delayed_work*> timers_;
    std::uint64_t last_timer_{};

    int work_colour_{}, flush_colour_{};
    std::array<int, colours> in_flight_{};
    std::deque<flusher*> flushers_, overflow_;
};

}  // namespace drainlab::kernel
