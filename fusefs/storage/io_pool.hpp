// The few threads on which the store's calls may wait for a disk.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace drainlab::storage {

/// Runs jobs for fibers. While a mount drains, one thread more serves that mount alone: other mounts' slow stores never hold up an unmount.
/// Construct, use and destroy on the loop thread; jobs run on the pool's threads and must not touch the model.
class io_pool {
  public:
    /// Hands a function to the loop thread. Called on the pool's threads.
    using post = std::function<void(std::function<void()>)>;

    io_pool(sched::scheduler& sched, post to_loop, unsigned threads = 4);
    /// Waits for the jobs that run; those that have not begun are dropped (their fibers are gone by then).
    ~io_pool();
    io_pool(const io_pool&) = delete;
    io_pool& operator=(const io_pool&) = delete;

    /// One mount's jobs, in order of arrival.
    class lane {
      public:
        explicit lane(io_pool& pool) : pool_{pool} {}
        ~lane();
        lane(const lane&) = delete;
        lane& operator=(const lane&) = delete;
        /// Runs `job` on the pool and returns what it returned. `what` is static text.
        sched::task<long> run(std::function<long()> job, std::string_view what);
        /// From begin_drain() to end_drain() this mount has a thread of its own.
        void begin_drain();
        void end_drain();
        std::size_t in_flight() const noexcept { return in_flight_; }

      private:
        friend class io_pool;
        io_pool& pool_;
        std::size_t in_flight_{};
        bool draining_{};
        std::thread own_;
    };

  private:
    struct job {
        lane* from;
        std::function<void()> work;
    };
    void serve(const lane* only);
    bool take(const lane* only, job& out);

    sched::scheduler& sched_;
    post to_loop_;
    std::mutex mutex_;  // innermost: nothing else is taken while it is held
    std::condition_variable changed_;
    std::deque<job> jobs_;                 // guarded by mutex_
    std::vector<const lane*> ends_drain_;  // guarded by mutex_: whose own thread is to end
    bool stop_{};                          // guarded by mutex_
    std::vector<std::thread> threads_;
};

}  // namespace drainlab::storage
