#include "fusefs/sched/lock.hpp"

namespace drainlab::sched {

bool rwsem::try_take(bool write) {
    if (writer_ || !queue_.empty() || (write && readers_ > 0)) return false;
    if (write)
        writer_ = true;
    else
        ++readers_;
    return true;
}

void rwsem::enqueue(std::coroutine_handle<> h, bool write) {
    queue_.push_back({sched_.current(), write});
    scheduler::park_awaiter{sched_, name_, nullptr, instant::max()}.await_suspend(h);
}

void rwsem::up(bool write) {
    if (sched_.memory()) sched_.memory()->fence();  // a release
    if (write) {
        DRAINLAB_CHECK(writer_);
        writer_ = false;
    } else {
        DRAINLAB_CHECK(readers_ > 0);
        --readers_;
    }
    while (!sched_.dropping() && !queue_.empty() && !writer_ && !(queue_.front().write && readers_ > 0)) {
        const queued next = queue_.front();
        queue_.pop_front();
        if (next.write)
            writer_ = true;
        else
            ++readers_;
        sched_.wake(*next.who);
    }
}

void spinlock::hold(fiber& f) {
    if (++f.spinlocks_held == 1 && sched_.atomic()) sched_.atomic()->atomic_begins(f);
}

bool spinlock::try_take() {
    if (holder_) return false;
    holder_ = sched_.current();
    DRAINLAB_CHECK(holder_ != nullptr);
    hold(*holder_);
    if (sched_.memory()) sched_.memory()->acquire(released_);
    return true;
}

void spinlock::enqueue(std::coroutine_handle<> h) {
    DRAINLAB_CHECK(holder_ != sched_.current());  // a task that spins on its own lock
    queue_.push_back(sched_.current());
    scheduler::park_awaiter{sched_, name_, nullptr, instant::max(), true}.await_suspend(h);
}

void spinlock::release() {
    if (sched_.memory()) released_ = sched_.memory()->release();
    if (--holder_->spinlocks_held == 0 && sched_.atomic()) sched_.atomic()->atomic_ends(*holder_);
    holder_ = nullptr;
    if (queue_.empty() || sched_.dropping()) return;  // those who queue may be gone already
    holder_ = queue_.front();
    queue_.pop_front();
    hold(*holder_);
    sched_.wake(*holder_);  // a full barrier of ours: the next holder sees all
}

}  // namespace drainlab::sched
