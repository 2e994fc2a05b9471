#include "fusefs/storage/store_agent.hpp"

#include "fusefs/os/own_table.hpp"
#include "fusefs/storage/unique_fd.hpp"

#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <fcntl.h>
#include <system_error>
#include <thread>

namespace drainlab::storage {

// ---- the way back ---------------------------------------------------------------------------------------------------

finished_calls::finished_calls() : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (!event_) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

void finished_calls::add(std::shared_ptr<store_job> job) {
    const std::lock_guard lock{mutex_};
    if (closed_) return;
    jobs_.push_back(std::move(job));
    const std::uint64_t one = 1;
    if (jobs_.size() == 1) (void)!::write(event_.get(), &one, sizeof one);
}

void finished_calls::run() {
    std::vector<std::shared_ptr<store_job>> now;
    {
        const std::lock_guard lock{mutex_};
        std::uint64_t count = 0;
        (void)!::read(event_.get(), &count, sizeof count);
        now.swap(jobs_);
    }
    for (const auto& job : now) job->finished();
}

void finished_calls::close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    jobs_.clear();
}

// ---- the threads ----------------------------------------------------------------------------------------------------

namespace {

/// Signals belong to the loop thread.
/// Standard output may be a pipe that somebody reads to its end.
void silence_standard_descriptors() {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr int last = 1;  // their reports go to standard error
#else
    constexpr int last = 2;
#endif
    for (int fd = 0; fd <= last; ++fd) ::dup2(null, fd);
    if (null > 2) ::close(null);
}

}  // namespace

std::shared_ptr<store_agent> store_agent::start(std::shared_ptr<finished_calls> back, std::vector<int> keep) {
    keep.push_back(back->fd());
    const auto agent = std::make_shared<store_agent>(std::move(back));
    std::thread{[agent, keep = std::move(keep)] { agent->names_thread(keep); }}.detach();
    return agent;
}

/// The table of the process stays behind, and so does its umask, which each thread that makes files sets for a moment.
void store_agent::leave_table(const std::vector<int>& keep) {
    if (!os::leave_descriptors(keep, os::own::descriptors_and_umask)) return;
    own_table_ = true;
    silence_standard_descriptors();
}

void store_agent::run(std::unique_lock<std::mutex>& lock, std::deque<std::shared_ptr<store_job>>& from) {
    auto job = std::move(from.front());
    from.pop_front();
    if (!from.empty() || idle_ == 0) start_data_thread();  // somebody stays ready while this one may hang
    lock.unlock();
    job->run();
    back_->add(std::move(job));  // not kept: what it owns may ask for the lock when it goes
    lock.lock();
}

void store_agent::start_data_thread() {
    if (data_threads_ >= most_data_threads || idle_ > 0 || finishing_) return;
    try {
        std::thread{[self = shared_from_this()] { self->data_thread(); }}.detach();
        ++data_threads_;
        ++idle_;  // it is on its way to be so
    } catch (const std::system_error&) {
        // No more threads to be had: those that are there do it all.
    }
}

void store_agent::names_thread(const std::vector<int>& keep) {
    os::block_signals();
    ::prctl(PR_SET_NAME, "store-names");
    leave_table(keep);
    std::unique_lock lock{mutex_};
    for (;;) {
        if (!to_close_.empty()) {
            const auto now = std::exchange(to_close_, {});
            lock.unlock();
            for (const int fd : now) unique_fd{fd}.reset();
            lock.lock();
        } else if (!names_.empty()) {
            run(lock, names_);
        } else if (!data_.empty() && data_threads_ == 0) {
            run(lock, data_);
        } else if (finishing_ && data_.empty()) {
            break;
        } else {
            names_wanted_.wait(lock);
        }
    }
    const auto last = std::exchange(at_exit_, nullptr);
    lock.unlock();
    if (last) last();
}

void store_agent::data_thread() {
    os::block_signals();
    ::prctl(PR_SET_NAME, "store-data");
    std::unique_lock lock{mutex_};
    for (;;) {
        if (!data_.empty()) {
            --idle_;
            run(lock, data_);
            ++idle_;
        } else if (finishing_) {
            break;
        } else {
            data_wanted_.wait(lock);
        }
    }
    --idle_;
    --data_threads_;
    names_wanted_.notify_all();
}

void store_agent::submit(queue q, std::shared_ptr<store_job> job) {
    const std::lock_guard lock{mutex_};
    if (q == queue::names) {
        names_.push_back(std::move(job));
        names_wanted_.notify_one();
        return;
    }
    data_.push_back(std::move(job));
    if (data_threads_ > 0)
        data_wanted_.notify_one();
    else
        names_wanted_.notify_one();
}

bool store_agent::withdraw(const store_job& job) {
    std::shared_ptr<store_job> keep;  // not under the lock: what it owns may ask for that when it goes
    const std::lock_guard lock{mutex_};
    for (auto* const from : {&names_, &data_}) {
        const auto at = std::find_if(from->begin(), from->end(), [&](const auto& j) { return j.get() == &job; });
        if (at == from->end()) continue;
        keep = std::move(*at);
        from->erase(at);
        return true;
    }
    return false;
}

void store_agent::close_there(int fd) noexcept {
    const std::lock_guard lock{mutex_};
    to_close_.push_back(fd);
    names_wanted_.notify_one();
}

void store_agent::finish() noexcept {
    const std::lock_guard lock{mutex_};
    finishing_ = true;
    names_wanted_.notify_all();
    data_wanted_.notify_all();
}

void store_agent::at_exit(std::function<void()> last) {
    const std::lock_guard lock{mutex_};
    at_exit_ = std::move(last);
}

}  // namespace drainlab::storage
