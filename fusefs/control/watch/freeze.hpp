// Frozen together, gate and daemon would stay FREEZING: the gate's thread waits for an answer in a way that does not
// freeze, and the daemon, which owes the answer, does not run any more. So the answer is laid ready in the kernel
// beforehand (io_uring): when `cgroup.freeze` of our cgroup, or of one above it, is written, the kernel gives it, in
// the name of the daemon's frozen thread. The gate then freezes, and holds again after the thaw.
#pragma once
#include "fusefs/os/io_ring.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

/// Thread: the loop's, which is the one that the kernel acts for.
class freeze_release {
  public:
    explicit freeze_release(boost::asio::io_context& io);
    ~freeze_release();

    /// Lays ready the answer EINTR to request `unique` of the connection `device`. @return a number for disarm(), or 0.
    std::uint64_t arm(int device, std::uint64_t unique);
    /// To be called before `device` is closed.
    void disarm(std::uint64_t number);
    /// Whether we have been moved to another cgroup since: costs some 20 us.
    void look_where_we_are();
    /// A sentence for whoever mounts: we may be frozen, and would stay FREEZING. Empty if not.
    std::string warning() const;

  private:
    struct events;
    struct answer;
    void watch(const std::vector<std::string>& folders);

    std::unique_ptr<events> events_;
    std::string why_not_, where_, old_freezer_;
    bool may_be_frozen_{};
    std::uint64_t last_{};
    std::map<std::uint64_t, std::unique_ptr<answer>> ready_;  ///< until the kernel has done with them
    std::unique_ptr<os::io_ring> ring_;
};

/// The folders whose `cgroup.freeze` freezes who is in `own`, a path as /proc/PID/cgroup has it, where `root` is the
/// mounted cgroup v2: outermost first.
std::vector<std::string> freezing_folders(const std::string& root, const std::string& own);
/// The path in the freezer of cgroup v1 that /proc/PID/cgroup tells; empty: none, or its root, which cannot be frozen.
std::string old_freezer(const std::string& proc_cgroup);

}  // namespace drainlab::control
