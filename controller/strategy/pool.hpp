// Worker threads that work off a queue, first come first served.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace drainlab::strategy {

/// Thread: hand_over() and wait_idle() from any.
class pool {
  public:
    explicit pool(int workers);
    /// Works off what was handed over, then ends.
    ~pool();
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    /// Returns at once.
    void hand_over(std::function<void()> job);
    /// Returns when nothing is queued and nothing is being done.
    void wait_idle();

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    int busy_ = 0;
    bool ending_ = false;
    std::vector<std::thread> workers_;
};

}  // namespace drainlab::strategy
