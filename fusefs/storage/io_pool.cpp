#include "fusefs/storage/io_pool.hpp"

#include "fusefs/sched/check.hpp"

#include <algorithm>
#include <signal.h>

namespace drainlab::storage {

namespace {

/// Signals belong to the loop thread.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

struct completion {
    long result{};
    bool done{};
};

}  // namespace

io_pool::io_pool(sched::scheduler& sched, post to_loop, unsigned threads)
    : sched_{sched}, to_loop_{std::move(to_loop)} {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(nullptr); });
}

io_pool::~io_pool() {
    {
        const std::lock_guard lock{mutex_};
        stop_ = true;
        jobs_.clear();
    }
    changed_.notify_all();
    for (auto& t : threads_) t.join();
}

bool io_pool::take(const lane* only, job& out) {
    const auto it =
        only ? std::find_if(jobs_.begin(), jobs_.end(), [&](const job& j) { return j.from == only; }) : jobs_.begin();
    if (it == jobs_.end()) return false;
    out = std::move(*it);
    jobs_.erase(it);
    return true;
}

void io_pool::serve(const lane* only) {
    block_signals();
    std::unique_lock lock{mutex_};
    for (;;) {
        job next;
        if (take(only, next)) {
            lock.unlock();
            next.work();
            next.work = nullptr;
            lock.lock();
            continue;
        }
        if (stop_) return;
        if (only && std::find(ends_drain_.begin(), ends_drain_.end(), only) != ends_drain_.end()) return;
        changed_.wait(lock);
    }
}

io_pool::lane::~lane() {
    end_drain();
    // A mount ends only after its last completion.
    DRAINLAB_CHECK(in_flight_ == 0);
}

sched::task<long> io_pool::lane::run(std::function<long()> job, std::string_view what) {
    const auto state = std::make_shared<completion>();
    ++in_flight_;
    io_pool& pool = pool_;
    auto work = [&pool, state, job = std::move(job)] {
        const long result = job();
        pool.to_loop_([&pool, state, result] {
            state->result = result;
            state->done = true;
            pool.sched_.wake_all(state.get());
        });
    };
    {
        const std::lock_guard lock{pool.mutex_};
        pool.jobs_.push_back({this, std::move(work)});
    }
    pool.changed_.notify_all();  // a thread that serves another mount alone may be the one that notify_one() wakes
    while (!state->done) co_await pool.sched_.wait_on(state.get(), what);
    --in_flight_;
    co_return state->result;
}

void io_pool::lane::begin_drain() {
    if (draining_) return;
    draining_ = true;
    own_ = std::thread{[this] { pool_.serve(this); }};
}

void io_pool::lane::end_drain() {
    if (!draining_) return;
    draining_ = false;
    {
        const std::lock_guard lock{pool_.mutex_};
        pool_.ends_drain_.push_back(this);
    }
    pool_.changed_.notify_all();
    own_.join();  // at most the rest of one job of this very mount
    const std::lock_guard lock{pool_.mutex_};
    std::erase(pool_.ends_drain_, this);
}

}  // namespace drainlab::storage
