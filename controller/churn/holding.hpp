// Workloads of a churn: processes on a mount that end by SIGKILL, in the middle of whatever they do.
#pragma once

#include "controller/machine/child.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace drainlab::churn {

/// A child with its working directory on a mount. It may also write a file there, block after
/// block, until it is killed; what write(2) had told it by then is known. Thread: one at a time.
class holder_process {
  public:
    holder_process() = default;
    holder_process(const holder_process&) = delete;
    holder_process& operator=(const holder_process&) = delete;
    ~holder_process();

    /// Returns when it holds `dir`; false when it could not. `file`, if not empty, is what it writes there.
    bool start(const std::string& dir, const std::string& file);
    bool running() const noexcept { return static_cast<bool>(process_); }
    /// SIGKILL; returns when it is gone.
    void end();
    /// How many blocks the last one has been told were written.
    std::uint64_t acknowledged() const noexcept { return told_ ? told_->load() : 0; }

  private:
    machine::child process_;
    std::atomic<std::uint64_t>* told_ = nullptr;  ///< shared with the child
};

/// What is wrong with the file of a killed writer, or "": every
/// acknowledged block, whole and in order, and at most one more.
std::string check_blocks(const std::string& text, std::uint64_t acknowledged);

/// umount2(2): errno or 0. No process of ours is being made meanwhile: a fork copies
/// the descriptors of every thread for a moment, and so would hold the mount.
int unmount_undisturbed(const std::string& dir, int flags, std::uint64_t& took_ns);

}  // namespace drainlab::churn
