#include "fusefs/kernel/workqueue.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;
using sched::nanoseconds;
using sched::task;

workqueue::workqueue(sched::scheduler& sched, machine& cpu_model, std::string name, int max_active, bool unbound)
    : sched_{sched},
      machine_{cpu_model},
      name_{std::move(name)},
      max_active_{max_active > 0 ? max_active : 256},  // WQ_DFL_ACTIVE
      unbound_{unbound} {}

int workqueue::this_cpu() const {
    const sched::fiber* f = sched_.current();
    return f ? f->cpu % machine_.cpus() : 0;
}

/// Where a worker that is not bound wakes: on an idle CPU if there is one, else where it was queued.
int workqueue::idle_cpu() const {
    const instant now = sched_.now();
    const int home = this_cpu();
    for (int i = 0; i < machine_.cpus(); ++i)
        if (const int c = (home + i) % machine_.cpus(); !machine_.busy(c, now, now)) return c;
    return home;
}

// ---- queueing and running ------------------------------------------------------------------------------------------

bool workqueue::queue(work_struct& work) {
    if (work.pending || work.cancelling) return false;
    work.pending = true;
    work.colour = work_colour_;
    if (!work.running) work.cpu = this_cpu();  // __queue_work(): a running item goes back to where it runs
    ++work.queued_count;
    ++in_flight_[static_cast<std::size_t>(work.colour)];
    ++pending_;
    if (work.running) {
        work.requeued = true;
        return true;
    }
    auto it = std::make_shared<item>(item{&work, work.queued_count});
    waiting_items_[&work] = it;
    const int pool_cpu = unbound_ ? -1 : work.cpu;
    pool& p = pools_[pool_cpu];
    if (p.active < max_active_)
        start(std::move(it), pool_cpu);
    else
        p.inactive.push_back(std::move(it));
    return true;
}

/// Items of one pool overlap only where they sleep: a worker that sleeps lets the pool start another, and CPU time is
/// shared by the machine. So each item has a fiber of its own, a thread while it pends or runs: one that never ends is
/// a deadlock.
void workqueue::start(std::shared_ptr<item> it, int pool_cpu) {
    ++pools_[pool_cpu].active;
    work_struct& work = *it->work;
    sched_.spawn(work.name, worker(std::move(it), pool_cpu), sched::fiber_kind::thread, work.cpu);
}

task<> workqueue::worker(std::shared_ptr<item> it, int pool_cpu) {
    if (unbound_) sched_.current()->cpu = idle_cpu();
    const nanoseconds latency = machine_.wake_latency(sched_.current()->cpu % machine_.cpus());
    if (latency > nanoseconds{0}) co_await sched_.sleep_for(latency, "worker to be scheduled");
    if (!it->cancelled) {
        work_struct& work = *it->work;
        waiting_items_.erase(&work);
        std::uint64_t count = it->count;
        work.running = true;
        do {  // process_one_work(), again if it was queued while it ran
            --pending_;
            const int colour = work.colour;
            work.pending = work.requeued = false;
            ++running_;
            co_await work.func();
            --running_;
            if (!work.requeued) work.running = false;
            const bool again = work.requeued;
            work.done_count = count;
            sched_.wake_all(&work);
            count = work.queued_count;
            retire(colour);
            if (!again) break;  // `work` may be gone from here on
        } while (true);
    }
    pool& p = pools_[pool_cpu];
    --p.active;
    while (!p.inactive.empty() && p.active < max_active_) {
        auto next_item = std::move(p.inactive.front());
        p.inactive.pop_front();
        if (!next_item->cancelled) start(std::move(next_item), pool_cpu);
    }
}

/// pwq_dec_nr_in_flight()
void workqueue::retire(int colour) {
    int& n = in_flight_[static_cast<std::size_t>(colour)];
    DRAINLAB_CHECK(n > 0);
    --n;
    settle();
}

/// Takes an item back that has not begun.
void workqueue::drop(work_struct& work) {
    --pending_;
    if (const auto it = waiting_items_.find(&work); it != waiting_items_.end()) {
        it->second->cancelled = true;
        waiting_items_.erase(it);
    }
    work.pending = work.requeued = false;
    --work.queued_count;
    sched_.wake_all(&work);
    retire(work.colour);
}

task<> workqueue::flush_work(work_struct& work) {
    const std::uint64_t last = work.queued_count;
    while (work.done_count < std::min(last, work.queued_count)) co_await sched_.wait_on(&work, "flush_work()");
}

// ---- delayed and RCU work ------------------------------------------------------------------------------------------

bool workqueue::mod_delayed(delayed_work& work, nanoseconds delay) {
    const bool was_pending = work.armed || work.work.pending;
    if (work.work.cancelling) return was_pending;
    if (work.armed) timers_.erase(work.epoch);
    work.armed = false;
    if (work.work.pending) {
        if (delay <= nanoseconds{0}) return true;
        drop(work.work);
    }
    if (delay <= nanoseconds{0}) {
        queue(work.work);
        return was_pending;
    }
    work.armed = true;
    work.epoch = ++last_timer_;
    work.due = sched_.now() + delay;
    timers_[work.epoch] = &work;
    sched_.spawn("timer of " + work.work.name, timer(work.epoch, work.due), sched::fiber_kind::service);
    return was_pending;
}

bool workqueue::queue_delayed(delayed_work& work, nanoseconds delay) {
    if (work.armed || work.work.pending || work.work.cancelling) return false;
    mod_delayed(work, delay);
    return true;
}

task<> workqueue::timer(std::uint64_t id, instant due) {
    co_await sched_.sleep_until(due, "timer");
    const auto armed = timers_.find(id);
    if (armed == timers_.end()) co_return;  // moved or cancelled
    delayed_work& work = *armed->second;
    timers_.erase(armed);
    work.armed = false;
    queue(work.work);
}

task<> workqueue::cancel_sync(delayed_work& work) {
    if (work.armed) {
        timers_.erase(work.epoch);
        work.armed = false;
    }
    work.work.cancelling = true;
    if (work.work.pending) drop(work.work);
    while (work.work.running) co_await sched_.wait_on(&work.work, "cancel_delayed_work_sync()");
    work.work.cancelling = false;
}

void workqueue::queue_rcu(rcu& r, work_struct& work) {
    if (work.pending || work.cancelling) return;
    work.pending = true;  // so that it is not queued twice; no flush sees it yet
    r.call([this, &work] {
        work.pending = false;
        queue(work);
    });
}

// ---- flushing ------------------------------------------------------------------------------------------------------

/// __flush_workqueue(): this flusher takes the present colour, later items get the next one. With all colours taken it
/// waits for one; those that wait together share it, and so wait for what was queued until then.
task<> workqueue::flush() {
    flusher me{work_colour_};
    if (next(work_colour_) == flush_colour_) {
        overflow_.push_back(&me);
    } else {
        work_colour_ = next(work_colour_);
        flushers_.push_back(&me);
        settle();
    }
    while (!me.done) co_await sched_.wait_on(&me, "flush_workqueue()");
}

/// Ends the flushers whose colour and all older ones are gone, oldest first; then gives colours to those without.
void workqueue::settle() {
    while (!flushers_.empty() && in_flight_[static_cast<std::size_t>(flush_colour_)] == 0) {
        while (!flushers_.empty() && flushers_.front()->colour == flush_colour_) {
            flusher* const f = flushers_.front();
            flushers_.pop_front();
            f->done = true;
            sched_.wake_all(f);
        }
        flush_colour_ = next(flush_colour_);
        if (overflow_.empty()) continue;
        for (flusher* f : overflow_) {
            f->colour = work_colour_;
            flushers_.push_back(f);
        }
        overflow_.clear();
        work_colour_ = next(work_colour_);
    }
}

}  // namespace drainlab::kernel
