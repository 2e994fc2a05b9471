// Callback lists and the softirq that works on them: call_rcu(), rcu_core(), rcu_do_batch() (kernel/rcu/tree.c).
#include "fusefs/kernel/rcu_engine.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;
using sched::task;

void cgroup_exit_callbacks(rcu& r, int n) {
    for (int i = 0; i < n; ++i) r.call([] {});
}

/// The running fiber's CPU. Calls from outside of the model (real mode: a cgroup was seen to end) come from some busy
/// CPU, another one in each tick.
int rcu_engine::this_cpu() const {
    if (const sched::fiber* f = sched_.current()) return f->cpu % machine_.cpus();
    const instant now = sched_.now();
    const std::int64_t jiffy = now.time_since_epoch() / profile_.tick();
    int busy = 0;
    for (int c = 0; c < machine_.cpus(); ++c) busy += machine_.busy(c, now, now);
    if (busy == 0) return static_cast<int>(jiffy % machine_.cpus());
    int skip = static_cast<int>(jiffy % busy);
    for (int c = 0;; ++c)
        if (machine_.busy(c, now, now) && skip-- == 0) return c;
}

void rcu_engine::call(std::function<void()> callback) {
    start_background();
    enqueue(this_cpu(), std::move(callback));
}

void rcu_engine::enqueue(int cpu, std::function<void()> callback) {
    const instant now = sched_.now();
    look_at_ticks(cpu, now);  // those before this call found the list as it was
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    d.list.enqueue(std::move(callback));
    ++pending_callbacks_;
    if (d.list.size() > qhimark) {  // call_rcu_core(): too many, start a grace period now
        d.unlimited = true;
        accelerate(cpu);
    }
    arm(cpu, now);
}

/// rcu_accelerate_cbs(): new callbacks get the next grace period that starts, and see to it that one does.
void rcu_engine::accelerate(int cpu) {
    if (cpus_[static_cast<std::size_t>(cpu)].list.accelerate(started_ + 1)) request(started_ + 1);
}

/// Sets `due` to the tick at which rcu_pending() will be true, if there is anything for it to find.
void rcu_engine::arm(int cpu, instant now) {
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    if (d.batch > 0 || d.list.empty() || d.due != instant::max()) return;
    const bool pending = d.list.ready() > 0 || d.noted_end != completed_ ||
                         (in_progress() && (!d.noted || d.owes_qs)) || (!in_progress() && d.list.has_new());
    if (!pending) return;
    d.due = machine_.next_tick(cpu, now);
    if (d.due < softirq_at_) sched_.wake_all(&softirq_key_);
}

task<> rcu_engine::softirq_thread() {
    for (;;) {
        softirq_at_ = instant::max();
        for (const cpu_data& d : cpus_) softirq_at_ = std::min(softirq_at_, d.due);
        co_await sched_.wait_on(&softirq_key_, "rcu softirq: work", softirq_at_);
        const instant now = sched_.now();
        for (int c = 0; c < machine_.cpus(); ++c)
            if (cpus_[static_cast<std::size_t>(c)].due <= now) softirq(c, now);
    }
}

/// rcu_core() on one CPU, at a tick, when a pass of callbacks is over, or in ksoftirqd, whose coming is a context
/// switch and thus a quiescent state.
void rcu_engine::softirq(int cpu, instant now) {
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    d.due = instant::max();
    const bool passed_qs = d.noted && now == d.ksoftirqd_from;
    if (d.batch > 0) {
        run_batch(cpu);
    } else {
        d.restarts = 0;
        add_background(now);
    }
    if (d.noted_end != completed_) {
        d.list.advance(completed_);
        d.noted_end = completed_;
        accelerate(cpu);
    }
    look_at_ticks(cpu, now);
    if (passed_qs) report_qs(cpu);
    if (!in_progress() || !d.noted) {  // nothing runs, or one does that this CPU notes between ticks
        d.noted = true;
        accelerate(cpu);
    }
    if (d.list.ready() > 0) do_batch(cpu, now);
    arm(cpu, now);
}

/// rcu_do_batch(): at most blimit callbacks (or ready >> 7) a pass, unless the CPU is idle. Then the softirq is raised
/// again; after ten passes in a row ksoftirqd goes on: a thread, which on a busy CPU has to wait for its turn, and then
/// keeps it until the next tick.
void rcu_engine::do_batch(int cpu, instant now) {
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    if (d.unlimited && d.list.size() <= qlowmark) d.unlimited = false;
    const bool busy = machine_.busy(cpu, now, now);
    if (busy && d.restarts >= max_softirq_restart && now >= d.ksoftirqd_until) {
        const instant turn = machine_.turn_after(cpu, now);
        d.due = d.ksoftirqd_from = turn + machine_.run_delay(cpu, turn);
        d.ksoftirqd_until = machine_.next_tick(cpu, d.due);
        return;
    }
    const std::size_t limit =
        std::max<std::size_t>(static_cast<std::size_t>(profile_.blimit), d.list.ready() >> divisor);
    d.batch = busy && !d.unlimited ? std::min(limit, d.list.ready()) : d.list.ready();
    if (limit > 100 && profile_.callback_cost > nanoseconds{0})
        d.batch = std::min(d.batch, static_cast<std::size_t>(softirq_time / profile_.callback_cost) + 1);
    ++d.restarts;
    const instant end = now + profile_.callback_cost * static_cast<std::int64_t>(d.batch);
    d.due = end + machine_.run_delay(cpu, end);
}

void rcu_engine::run_batch(int cpu) {
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    if (sched::fiber* me = sched_.current()) me->cpu = cpu;
    for (std::size_t n = std::exchange(d.batch, 0); n > 0; --n) {
        const auto callback = d.list.pop();
        --pending_callbacks_;
        callback();
    }
}

// ---- what the rest of the system sends through call_rcu() ----------------------------------------------------------

void rcu_engine::start_background() {
    if (profile_.background_callbacks_per_s <= 0 || background_on_) return;
    background_on_ = true;
    background_until_ = std::max(background_until_, sched_.now() - profile_.tick());
    sched_.wake_all(&background_key_);
}

/// Adds the callbacks that fell due since the last time, on CPUs that were busy in the last tick.
void rcu_engine::add_background(instant now) {
    if (!background_on_ || now <= background_until_) return;
    const nanoseconds passed = std::min(now - background_until_, 2 * profile_.tick());
    background_until_ = now;
    std::vector<int> busy;
    for (int c = 0; c < machine_.cpus(); ++c)
        if (machine_.busy(c, now - profile_.tick(), now)) busy.push_back(c);
    if (busy.empty()) {
        background_owed_ = 0;
        return;
    }
    background_owed_ += profile_.background_callbacks_per_s * std::chrono::duration<double>(passed).count();
    for (; background_owed_ >= 1; background_owed_ -= 1) enqueue(busy[random_.below(busy.size())], [] {});
}

/// Runs from the first use of RCU for as long as any CPU is busy: no timer on an idle machine.
task<> rcu_engine::background_thread() {
    for (;;) {
        while (!background_on_) co_await sched_.wait_on(&background_key_, "rcu: CPUs to be busy");
        co_await sched_.sleep_for(profile_.tick(), "tick");
        const instant now = sched_.now();
        bool busy = false;
        for (int c = 0; c < machine_.cpus() && !busy; ++c) busy = machine_.busy(c, now - profile_.tick(), now);
        if (busy)
            add_background(now);
        else
            background_on_ = false;
    }
}

}  // namespace drainlab::kernel
