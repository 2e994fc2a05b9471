// Variables that tasks share without a lock (SB_ACTIVE, isw_nr_in_flight, s_isw_nr_in_flight), and the
// barrier between them. On the real and the simulated scheduler they are plain memory. The exhaustive
// scheduler puts a store buffer per task in between, so that a missing smp_mb() is a bug it can find.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <cstdint>

namespace drainlab::sched {

/// The storage behind a shared variable. The memory model keys its buffers by this address.
struct shared_cell {
    std::int64_t value{};
};

/// What a release covers: the stores of one task, up to this one.
struct released_stores {
    fiber_id by{};  ///< 0: nothing
    std::uint64_t upto{};
};

/// How loads and stores of the running task reach memory. Installed by a scheduler; null means plain memory.
class memory_model {
  public:
    virtual ~memory_model() = default;
    virtual std::int64_t load(const shared_cell& cell) = 0;
    virtual void store(shared_cell& cell, std::int64_t value) = 0;
    /// Atomic and fully ordered; the value after it.
    virtual std::int64_t add(shared_cell& cell, std::int64_t delta) = 0;
    /// Atomic, but not ordered with anything.
    virtual void add_relaxed(shared_cell& cell, std::int64_t delta) = 0;
    /// Orders everything before it with everything after it: smp_mb(), a locked read-modify-write.
    virtual void fence() = 0;
    /// smp_store_release() of a lock: whoever passes the result to acquire() sees all
    /// that the running task has stored so far. Nobody else need see it any sooner.
    virtual released_stores release() = 0;
    virtual void acquire(const released_stores& from) = 0;
    /// How many stores anybody has issued so far.
    virtual std::uint64_t issued() const = 0;
    /// Every CPU has passed a full barrier since that many stores were issued.
    virtual void fence_all(std::uint64_t since) = 0;
};

/// One shared integer.
class shared {
  public:
    explicit shared(scheduler& sched, std::int64_t value = 0) : sched_{&sched}, cell_{value} {}
    shared(const shared&) = delete;
    shared& operator=(const shared&) = delete;

    /// READ_ONCE()
    std::int64_t load() const { return sched_->memory() ? sched_->memory()->load(cell_) : cell_.value; }
    /// WRITE_ONCE(): may stay in the task's store buffer for a while.
    void store(std::int64_t value) {
        if (sched_->memory())
            sched_->memory()->store(cell_, value);
        else
            cell_.value = value;
    }
    /// atomic_add_return(): fully ordered.
    std::int64_t add(std::int64_t delta) {
        return sched_->memory() ? sched_->memory()->add(cell_, delta) : cell_.value += delta;
    }
    /// atomic_inc(): no barrier. Others may see it late, until the next smp_mb().
    void inc() {
        if (sched_->memory())
            sched_->memory()->add_relaxed(cell_, 1);
        else
            ++cell_.value;
    }
    /// What memory holds, regardless of buffers: for checks and counters, never for the protocol.
    std::int64_t peek() const noexcept { return cell_.value; }
    /// The address that wait_var_event() and wake_up_var() use as a name.
    const void* key() const noexcept { return &cell_; }

  private:
    scheduler* sched_;
    shared_cell cell_;
};

/// smp_mb(), and a place where another CPU may get in between.
inline scheduler::preempt_awaiter smp_mb(scheduler& sched) {
    if (sched.memory()) sched.memory()->fence();
    return sched.preempt(point{"smp_mb"});
}

}  // namespace drainlab::sched
