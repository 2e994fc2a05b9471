// One mount point that goes through cycle after cycle: mount, write, unmount in one of three ways, verify.
#pragma once

#include "controller/churn/holding.hpp"
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
    std::atomic<std::uint64_t> cycles_done{0};
    std::atomic<std::int64_t> backlog{0};  ///< superblocks that live though their name is gone
    std::size_t room = moments::most;      ///< unmounts that each worker remembers
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
    bool unmount_idle(const std::string& what, int flags, std::uint64_t& took_ns);
    void unmount_held(const std::string& what, int flags);
    int hold();
    void let_go();
    void second_mount();
    void write_file(int fd);
    void check_file(int fd);
    void wait_for_death();
    void paid();
    void check_store();
    void clean_up();
    void wait_for_daemon() const;
    /// Ends the cycle with a failure unless it is so.
    void need(bool condition, const std::string& what) const;
    /// Of an errno.
    static std::string text_of(int error);
    std::string writer_file() const { return file_ + "w"; }
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    yard& yard_;
    std::string dir_, store_;
    std::mt19937_64 random_;
    std::string file_;  ///< "/f1", another one in each cycle: what a late superblock writes is not taken for ours
    std::uint64_t number_ = 0;
    std::string content_;  ///< of the file in this cycle
    mounts::made mounted_;
    int held_ = -1;          ///< a descriptor on the mount
    holder_process holder_;  ///< or a process
    bool wrote_ = false;     ///< that process writes to writer_file()
    bool owed_ = false;      ///< its name is gone, its death was not seen yet
    bool cut_ = false;       ///< MNT_FORCE has ended the connection while we held the mount
    tally counts_;
};

}  // namespace drainlab::churn
