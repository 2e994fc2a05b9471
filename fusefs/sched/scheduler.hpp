// The scheduler: who runs next, what time it is, who waits for what.
//
// A *fiber* is one spawned task: a kernel thread, a work item's worker, a syscall. Fibers run one at a time on one
// machine thread and change over only where they await. Everything that blocks does it through park(), so a fiber that
// waits always says for what, and since when.
#pragma once
#include "fusefs/sched/check.hpp"
#include "fusefs/sched/task.hpp"
#include "fusefs/sched/time.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace drainlab::sched {

class scheduler;
class memory_model;

/// A named place where the real kernel could be preempted and it matters: `co_await sched.preempt(point::...)`. Two
/// points are the same if their names are equal; names are string literals and stay valid for ever.
struct point {
    std::string_view name;
};

/// What it means when a fiber is left waiting.
enum class fiber_kind : std::uint8_t {
    thread,   ///< work that has to end: left waiting with nothing to run, it is a deadlock
    service,  ///< a kernel thread that waits for work for ever: may be left waiting
};

/// From 1, in the order of spawning; no number is used twice. A day of fsyncs spawns more than 32 bits can count.
using fiber_id = std::uint64_t;

/// One spawned task. Owned by the scheduler; valid until its body has ended.
struct fiber {
    enum class state : std::uint8_t { ready, running, waiting, done };

    fiber_id id{};
    std::string name;
    fiber_kind kind{};
    state st{state::ready};
    int cpu{};                       ///< the modelled CPU it runs on (per-CPU lists: RCU callbacks, workers)
    int spinlocks_held{};            ///< only named points may await while this is not 0
    int rcu_nesting{};               ///< depth of rcu_read_lock()
    std::string_view waits_for{};    ///< static text; meaningful while waiting
    const void* wait_key{};          ///< the wait queue it stands in, or null
    instant since{};                 ///< when it began to wait
    bool timed_out{};                ///< how the last wait with a deadline ended
    std::uint64_t wait_epoch{};      ///< tells stale timers from live ones
    std::coroutine_handle<> leaf{};  ///< what to resume
    task<> body;
};

/// One line of the answer to "who waits for what, since when".
struct waiter {
    std::string task, waits_for;
    instant since;
    fiber_kind kind;
};

/// Hears of the stretches in which a fiber holds spinlocks, that is,
/// cannot be preempted (or, with PREEMPT_RT, is an RCU reader explicitly).
class atomic_observer {
  public:
    virtual ~atomic_observer() = default;
    virtual void atomic_begins(fiber& f) = 0;
    virtual void atomic_ends(fiber& f) = 0;
};

/// Fibers and time, behind which the machine's, a simulation's or a search's are. One thread, unless an
/// implementation says otherwise.
class scheduler {
  public:
    scheduler() = default;
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;
    virtual ~scheduler();

    /// The instant on this scheduler's clock.
    virtual instant now() const noexcept = 0;

    /// Starts `body` as a fiber of its own, on modelled CPU `cpu` (-1: inherit the spawner's, else 0). It does not run
    /// before the caller awaits or returns to the loop. An exception that leaves the body is kept and rethrown by the
    /// run loop.
    fiber& spawn(std::string name, task<> body, fiber_kind kind = fiber_kind::thread, int cpu = -1);

    /// Runs `body` at once, as a fiber, until it first waits; then it goes on as one that was spawned.
    /// One that never waits costs next to nothing. Also from within a fiber, which goes on when `body`
    /// waits or has ended. An exception that leaves the body before it waits is the caller's.
    void start(std::string_view name, task<> body);

    /// The fiber that runs now; null outside of one (a callback of the machine's loop, a test's own code).
    fiber* current() const noexcept { return current_; }

    /// Every waiting fiber, oldest id first.
    std::vector<waiter> waiting() const;
    std::size_t live_fibers() const noexcept { return fibers_.size(); }
    /// The scheduler is being destroyed, and its fibers with it: nobody may be woken or handed a lock any more.
    bool dropping() const noexcept { return dropping_; }

    // ---- what a fiber awaits -------------------------------------------------------------------------------------

    struct park_awaiter {
        scheduler& sched;
        std::string_view what;
        const void* key;
        instant deadline;
        bool spinning = false;  ///< allowed while a spinlock is held (locks that spin)
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) { sched.park(h, what, key, deadline, spinning); }
        /// True if woken, false if the deadline passed.
        bool await_resume() const noexcept { return !sched.current_->timed_out; }
    };

    struct yield_awaiter {
        scheduler& sched;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) { sched.requeue(h); }
        void await_resume() const noexcept {}
    };

    /// Waits in the queue of `key` until wake_one() or wake_all() of the same key, or until `deadline`. `key` is an
    /// address used as a name only; nothing is ever read through it, so its object may be gone by the time of the wake
    /// (a waker must not touch the superblock it woke). `what` is static text. Yields true if woken, false at the
    /// deadline.
    park_awaiter wait_on(const void* key, std::string_view what, instant deadline = instant::max()) {
        return {*this, what, key, deadline};
    }
    park_awaiter sleep_until(instant when, std::string_view what = "sleep") { return {*this, what, nullptr, when}; }
    park_awaiter sleep_for(nanoseconds d, std::string_view what = "sleep") { return {*this, what, nullptr, now() + d}; }
    /// Lets every other ready fiber go first.
    yield_awaiter yield() { return {*this}; }

    struct preempt_awaiter {
        scheduler& sched;
        point at;
        nanoseconds width{};
        bool await_ready() { return !sched.preempt_here(at, width); }
        void await_suspend(std::coroutine_handle<> h) {
            if (width.count() > 0)
                sched.park(h, at.name, nullptr, sched.now() + width, true);
            else
                sched.requeue(h, true);
        }
        void await_resume() const noexcept {}
    };
    /// A named preemption point. Real: returns at once unless the point is widened. Simulated: a seeded choice.
    /// Exhaustive: a branch. The only kind of wait that is allowed while a spinlock is held.
    preempt_awaiter preempt(point at) { return {*this, at}; }

    /// Wakes the first / every fiber that waits on `key`. Safe outside of a fiber; the woken run later.
    void wake_one(const void* key);
    void wake_all(const void* key);
    bool anyone_waits_on(const void* key) const noexcept { return queues_.contains(key); }
    /// Makes a fiber ready that waits with its own bookkeeping (locks). Precondition: it waits.
    void wake(fiber& f);

    /// Makes every pass through `at` last `width` (0 takes it back). Real and simulated schedulers only.
    void widen(point at, nanoseconds width);

    /// Destroys all fibers, newest first, and spawns no more. Whoever owns what the fibers refer to
    /// calls it before that goes; derived destructors call it while their virtual functions still stand.
    void drop_all() noexcept;

    /// The memory model that shared variables go through, or null: plain memory (see shared.hpp).
    memory_model* memory() const noexcept { return memory_; }
    /// Null (the default) or somebody who outlives the fibers.
    void observe_atomic(atomic_observer* observer) noexcept { atomic_ = observer; }
    atomic_observer* atomic() const noexcept { return dropping_ ? nullptr : atomic_; }

  protected:
    /// Which of the ready fibers runs next: an index below `ready.size()`.
    virtual std::size_t choose(const std::deque<fiber*>& ready) = 0;
    /// Whether the running fiber lets others go first at `at`; `width` > 0 makes it sleep that long instead.
    virtual bool preempt_here(point at, nanoseconds& width) = 0;
    /// Something became ready, or a timer was set, perhaps from outside the run loop. Real: arms the machine's loop.
    virtual void poked() {}

    /// Runs one ready fiber until it parks. False if none is ready. Rethrows what left a fiber's body.
    bool run_one();
    /// Wakes every fiber whose deadline is at or before `now`.
    void fire_timers(instant now);
    /// The earliest live deadline, or instant::max().
    instant next_deadline();
    nanoseconds width_of(point at) const noexcept;
    const std::deque<fiber*>& ready() const noexcept { return ready_; }
    /// Fibers of kind thread that have not ended.
    std::size_t live_threads() const noexcept { return live_threads_; }

    /// As if so many fibers had been spawned by now. Precondition: not fewer than were.
    void count_from(fiber_id spawned);

    memory_model* memory_{};
    atomic_observer* atomic_{};
    fiber* current_{};

  private:
    struct timer {
        instant when;
        std::uint64_t order;
        fiber_id who;
        std::uint64_t epoch;
        bool operator>(const timer& o) const noexcept { return when != o.when ? when > o.when : order > o.order; }
    };

    void park(std::coroutine_handle<> h, std::string_view what, const void* key, instant deadline,
              bool at_point = false);
    void requeue(std::coroutine_handle<> h, bool at_point = false);
    void make_ready(fiber& f, bool timed_out);
    void leave_queue(fiber& f);
    void poke() {  // not in the middle of start(): a fiber's timer counts only once the fiber is known
        if (starting_ == 0) poked();
    }
    void order_memory();  // a full barrier of the running fiber

    std::map<fiber_id, std::unique_ptr<fiber>> fibers_;
    std::unique_ptr<fiber> spare_;  ///< of a body that never waited, for the next one
    std::deque<fiber*> ready_;
    std::unordered_map<const void*, std::deque<fiber*>> queues_;
    std::priority_queue<timer, std::vector<timer>, std::greater<>> timers_;
    std::vector<std::pair<std::string_view, nanoseconds>> widened_;
    fiber_id last_id_{};
    std::uint64_t timer_order_{};
    std::size_t live_threads_{};
    unsigned starting_{};
    bool dropping_{};
};

/// wait_var_event(): waits until `condition()` is true; tests it first, and again after each wake of `key`.
/// Keep `condition` free of references to what may die before the wake.
template <class Condition>
task<> wait_var_event(scheduler& sched, const void* key, std::string_view what, Condition condition) {
    while (!condition()) co_await sched.wait_on(key, what);
}

}  // namespace drainlab::sched
