#include "fusefs/storage/store_calls.hpp"

#include "fusefs/storage/directory_store.hpp"

#include <algorithm>

namespace drainlab::storage {

store_calls::store_calls(sched::scheduler& sched, std::shared_ptr<directory_store> store,
                         std::shared_ptr<store_executor> executor)
    : sched_{sched}, store_{std::move(store)}, executor_{std::move(executor)}, state_{std::make_shared<state>(sched)} {}

store_calls::~store_calls() { state_->alive = false; }

void store_calls::check_may_wait() const {
    const sched::fiber* const f = sched_.current();
    DRAINLAB_CHECK(!f || (f->spinlocks_held == 0 && f->rcu_nesting == 0));  // also where this call does not wait
}

void store_calls::submit(store_executor::queue q, const std::shared_ptr<store_job>& job, bool* given_up,
                         bool may_be_withdrawn) {
    const sched::fiber* const by = sched_.current();
    state_->pending.push_back({job, sched_.now(), given_up, may_be_withdrawn, by ? by->id : 0});
    job->finished = [of = std::weak_ptr{state_}, which = job.get()] {
        const auto s = of.lock();
        if (!s || !s->alive) return;
        s->pending.remove_if([&](const entry& e) { return e.job.get() == which; });
        s->sched.wake_all(which);
        if (s->pending.empty()) s->sched.wake_all(s.get());
    };
    executor_->submit(q, job);
}

void store_calls::forget(const store_job* job) noexcept {
    for (entry& e : state_->pending)
        if (e.job.get() == job) e.given_up = nullptr;
}

void store_calls::withdraw(sched::fiber_id by) {
    for (const entry& e : state_->pending) {
        if (e.by != by || !e.may_be_withdrawn || !e.given_up) continue;
        const auto job = e.job;  // the entry goes with finished()
        if (!executor_->withdraw(*job)) return;
        job->fail(EINTR);
        return job->finished();
    }
}

void store_calls::abandon() {
    abandoned_ = true;
    for (const entry& e : std::exchange(state_->pending, {})) {
        if (e.given_up) *e.given_up = true;
        sched_.wake_all(e.job.get());
    }
    sched_.wake_all(state_.get());
}

sched::task<bool> store_calls::idle(sched::instant deadline) {
    const auto s = state_;
    while (!s->pending.empty()) {
        if (s->sched.now() >= deadline) co_return false;
        co_await s->sched.wait_on(s.get(), "calls on the store", deadline);
    }
    co_return true;
}

std::vector<pending_call> store_calls::pending() const {
    std::vector<pending_call> all;
    for (const entry& e : state_->pending) all.push_back({e.job->what, e.job->file, e.since});
    return all;
}

}  // namespace drainlab::storage
