#include "fusefs/control/scribe.hpp"

#include "fusefs/os/own_table.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace drainlab::control {

namespace {
constexpr std::size_t most_jobs = 10'000;
constexpr std::chrono::seconds patience{2};
}  // namespace

struct scribe::shared {
    std::mutex mutex;
    std::condition_variable more, done;
    std::deque<std::function<void()>> jobs;
    bool at_work{}, ends{};

    bool idle() const { return jobs.empty() && !at_work; }

    void run(const std::vector<int>& keep) {
        os::block_signals();
        os::leave_descriptors(keep);
        std::unique_lock lock{mutex};
        for (;;) {
            more.wait(lock, [this] { return ends || !jobs.empty(); });
            if (jobs.empty()) return;
            auto job = std::move(jobs.front());
            jobs.pop_front();
            at_work = true;
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
            at_work = false;
            if (jobs.empty()) done.notify_all();
        }
    }
};

scribe::scribe(std::vector<int> keep) : shared_{std::make_shared<shared>()} {
    std::thread{[s = shared_, keep = std::move(keep)] { s->run(keep); }}.detach();
}

scribe::~scribe() {
    finished(patience);
    const std::lock_guard lock{shared_->mutex};
    shared_->ends = true;
    shared_->more.notify_all();
}

bool scribe::add(std::function<void()> job) {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->jobs.size() >= most_jobs) return false;
    shared_->jobs.push_back(std::move(job));
    shared_->more.notify_one();
    return true;
}

bool scribe::finished(std::chrono::milliseconds limit) {
    std::unique_lock lock{shared_->mutex};
    return shared_->done.wait_for(lock, limit, [this] { return shared_->idle(); });
}

}  // namespace drainlab::control
