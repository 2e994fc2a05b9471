#include "controller/strategy/pool.hpp"

namespace drainlab::strategy {

pool::pool(int workers) {
    workers_.reserve(static_cast<std::size_t>(workers));
    for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
}

pool::~pool() {
    {
        const std::lock_guard held(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    for (auto& w : workers_) w.join();
}

void pool::hand_over(std::function<void()> job) {
    {
        const std::lock_guard held(mutex_);
        queue_.push_back(std::move(job));
    }
    changed_.notify_all();
}

void pool::wait_idle() {
    std::unique_lock held(mutex_);
    changed_.wait(held, [this] { return queue_.empty() && busy_ == 0; });
}

void pool::work() {
    std::unique_lock held(mutex_);
    for (;;) {
        changed_.wait(held, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const auto job = std::move(queue_.front());
        queue_.pop_front();
        ++busy_;
        held.unlock();
        job();
        held.lock();
        --busy_;
        changed_.notify_all();
    }
}

}  // namespace drainlab::strategy
