// One mount point that goes through cycle after cycle: mount, write, unmount in one of three ways, verify.
#pragma once

#include "controller/churn/tally.hpp"
#include "controller/mounts/mountable.hpp"

#include <atomic>
#include <random>
#include <string>

namespace drainlab::churn {

/// Weights of the three ways.
using mix = std::array<int, 3>;

/// What workers share. Threads: all.
struct yard {
    mounts::mountable& kind;
    mix weights{6, 3, 1};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> epoch{0};  ///< raised before the daemon is killed
    std::atomic<bool> daemon_up{true};
    bool limited = false;  ///< by cycles_left, of all workers together
    std::atomic<std::int64_t> cycles_left{0};
};

/// Lives on one thread of its own.
class worker {
  public:
    /// Works in `base`/m and `base`/s (made by it).
    worker(yard& y, std::string base, std::uint64_t seed);
    /// Cycles until told to stop.
    void run();
    const tally& counts() const noexcept { return counts_; }

  private:
    struct failure {
        std::string what;
    };
    void cycle();
    void plain();
    void lazy();
    void force();
    void unmount(action a, int flags);
    int try_unmount(int flags, std::uint64_t& took_ns) const;
    int hold();
    void second_mount();
    void write_file(int fd);
    void check_file(int fd);
    void check_store();
    void clean_up();
    void wait_for_daemon() const;
    void need(bool condition, const std::string& what) const;
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    yard& yard_;
    std::string dir_, store_;
    std::mt19937_64 random_;
    std::string file_;  ///< "/f1", another one in each cycle: what a late superblock writes is not taken for ours
    std::uint64_t number_ = 0;
    std::string content_;  ///< of the file in this cycle
    mounts::made mounted_;
    int held_ = -1;      ///< a descriptor on the mount
    pid_t holder_ = -1;  ///< or a process
    tally counts_;
};

}  // namespace drainlab::churn
