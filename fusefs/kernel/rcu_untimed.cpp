#include "fusefs/kernel/rcu_untimed.hpp"

#include "fusefs/sched/shared.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::task;

rcu_untimed::~rcu_untimed() {
    if (sched_.atomic() == this) sched_.observe_atomic(nullptr);
    for (auto& [fiber, section] : atomic_) section.forget();
}

void rcu_untimed::count_spinlocks() { sched_.observe_atomic(this); }

rcu::read_section rcu_untimed::read_lock() {
    sched::fiber* const f = sched_.current();
    if (f) ++f->rcu_nesting;
    readers_.emplace(++last_reader_, f);
    return read_section{*this, last_reader_};
}

void rcu_untimed::atomic_begins(sched::fiber& f) {
    ++f.rcu_nesting;
    readers_.emplace(++last_reader_, &f);
    atomic_[&f] = read_section{*this, last_reader_};
}

void rcu_untimed::atomic_ends(sched::fiber& f) { atomic_.erase(&f); }

void rcu_untimed::read_unlock(std::uint64_t id) {
    const auto r = readers_.find(id);
    DRAINLAB_CHECK(r != readers_.end());
    // What a reader that a grace period waits for has written is seen after it.
    if (id <= waited_for_ && sched_.memory()) sched_.memory()->fence();
    if (r->second) --r->second->rcu_nesting;
    readers_.erase(r);
    if (sched_.anyone_waits_on(&reader_key_)) sched_.wake_all(&reader_key_);
}

task<> rcu_untimed::grace_period() {
    DRAINLAB_CHECK(sched_.current() && sched_.current()->rcu_nesting == 0);  // would wait for itself
    sched::memory_model* const memory = sched_.memory();
    if (memory) memory->fence();
    const std::uint64_t stores = memory ? memory->issued() : 0;
    const std::uint64_t readers = last_reader_;
    waited_for_ = std::max(waited_for_, readers);
    co_await sched_.yield();
    while (!readers_.empty() && readers_.begin()->first <= readers)
        co_await sched_.wait_on(&reader_key_, "synchronize_rcu()");
    ++grace_periods_;
    if (memory) memory->fence_all(stores);  // every CPU has passed a full barrier since it began
    if (memory) memory->fence();
}

void rcu_untimed::record(std::vector<std::int64_t>& where, sched::instant since) {
    if (where.size() < rcu_samples::limit) where.push_back((sched_.now() - since).count());
}

task<> rcu_untimed::synchronize() {
    const auto since = sched_.now();
    co_await grace_period();
    record(samples_.synchronize, since);
}

task<> rcu_untimed::synchronize_expedited() {
    const auto since = sched_.now();
    co_await grace_period();
    record(samples_.expedited, since);
}

void rcu_untimed::call(std::function<void()> callback) {
    const int cpu = sched_.current() ? sched_.current()->cpu : 0;
    cpu_list& list = lists_[cpu];
    list.callbacks.push_back({std::move(callback), false});
    ++pending_;
    if (std::exchange(list.running, true)) return;
    sched_.spawn("rcu callbacks", run_callbacks(cpu), sched::fiber_kind::service, cpu);
}

task<> rcu_untimed::run_callbacks(int cpu) {
    cpu_list& list = lists_[cpu];
    while (!list.callbacks.empty()) {
        const std::size_t older = list.callbacks.size();  // later ones need a later grace period
        co_await grace_period();
        for (std::size_t i = 0; !list.callbacks.empty() && (i < older || list.callbacks.front().entrained); ++i) {
            const entry e = std::move(list.callbacks.front());
            list.callbacks.pop_front();
            --pending_;
            e.callback();
        }
    }
    list.running = false;
}

/// One callback behind the youngest on each CPU that has any, as rcu_barrier_entrain() does.
task<> rcu_untimed::barrier() {
    DRAINLAB_CHECK(sched_.current() && sched_.current()->rcu_nesting == 0);
    const auto since = sched_.now();
    int left = 0;
    for (auto& [cpu, list] : lists_) {
        if (list.callbacks.empty()) continue;
        ++left;
        ++pending_;
        const auto done = [this, &left] {
            if (--left == 0) sched_.wake_all(&left);
        };
        list.callbacks.push_back({done, true});
    }
    if (left == 0) co_await sched_.yield();  // it takes its time with nothing to wait for, too: others may come
    while (left > 0) co_await sched_.wait_on(&left, "rcu_barrier()");
    record(samples_.barrier, since);
}

}  // namespace drainlab::kernel
