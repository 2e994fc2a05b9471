// The threads on which the calls of one store wait for it. They have a descriptor table of their own.
#pragma once
#include "fusefs/storage/shared_fd.hpp"
#include "fusefs/storage/store_calls.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace drainlab::storage {

/// The way back from the agents' threads to the loop: calls that have run, and a descriptor
/// that is readable while there are any. Shared by everybody who may still add something.
class finished_calls {
  public:
    finished_calls();
    /// Readable when run() has something to do; poll it on the loop.
    int fd() const noexcept { return event_.get(); }
    /// On the loop: tells whoever waits.
    void run();
    /// Any thread.
    void add(std::shared_ptr<store_job> job);
    /// On the loop: nobody listens any more.
    void close();

  private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<store_job>> jobs_;  // guarded by mutex_
    unique_fd event_;                               // written to under mutex_
    bool closed_{};                                 // guarded by mutex_
};

/// One thread does the names, in order of arrival; up to three more do the data; each is started when
/// it is needed. A thread that hangs in a call hangs alone: nobody joins it, and after the death of
/// the process it holds nothing but the store's descriptors: no /dev/fuse, no socket, no pipe. Where
/// unshare(2) may not be called they share the table of the process after all (own_table() says so).
class store_agent final : public store_executor, public fd_table, public std::enable_shared_from_this<store_agent> {
  public:
    /// @param keep   descriptors that the threads need besides; they exist under the same numbers there.
    static std::shared_ptr<store_agent> start(std::shared_ptr<finished_calls> back, std::vector<int> keep = {});

    void submit(queue q, std::shared_ptr<store_job> job) override;
    bool withdraw(const store_job& job) override;
    void close_there(int fd) noexcept override;
    /// The threads end when they have done what is queued. Any thread.
    void finish() noexcept;
    /// On the agent's threads: whether they have a table of their own.
    bool own_table() const noexcept { return own_table_; }
    /// What the names' thread does last, when nobody uses the store any more. Called on that thread.
    void at_exit(std::function<void()> last);

    explicit store_agent(std::shared_ptr<finished_calls> back) : back_{std::move(back)} {}

  private:
    static constexpr unsigned most_data_threads = 3;
    void names_thread(const std::vector<int>& keep);
    void data_thread();
    void leave_table(const std::vector<int>& keep);
    void run(std::unique_lock<std::mutex>& lock, std::deque<std::shared_ptr<store_job>>& from);
    void start_data_thread();

    const std::shared_ptr<finished_calls> back_;
    std::atomic<bool> own_table_{};
    std::mutex mutex_;
    std::condition_variable names_wanted_, data_wanted_;
    std::deque<std::shared_ptr<store_job>> names_, data_;  // guarded by mutex_
    std::vector<int> to_close_;                            // guarded by mutex_
    unsigned data_threads_{}, idle_{};                     // guarded by mutex_
    bool finishing_{};                                     // guarded by mutex_
    std::function<void()> at_exit_;                        // guarded by mutex_
};

}  // namespace drainlab::storage
