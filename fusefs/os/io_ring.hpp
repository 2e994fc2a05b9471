// io_uring(7), as far as we need it: calls that the kernel makes for us at a moment when we cannot.
#pragma once
#include "fusefs/os/unique_fd.hpp"

#include <linux/io_uring.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace drainlab::os {

/// Calls are made in the name of the thread that submits them, also while it waits, or is frozen. Thread: one.
class io_ring {
  public:
    /// Null where there is none: `why` says so.
    static std::unique_ptr<io_ring> make(unsigned entries, std::string& why);
    ~io_ring();
    io_ring(const io_ring&) = delete;
    io_ring& operator=(const io_ring&) = delete;

    /// All of them or none; what they point at must stay until they have ended. False: not taken.
    bool submit(std::span<const io_uring_sqe> calls);
    /// Those that have ended, with their results: user_data and res.
    void take_ended(const std::function<void(std::uint64_t, std::int32_t)>& each);

  private:
    io_ring() = default;
    bool map(const io_uring_params& p);

    unique_fd ring_;
    void* rings_{};
    std::size_t rings_size_{}, calls_size_{};
    io_uring_sqe* calls_{};
    unsigned entries_{};
    unsigned *head_{}, *tail_{}, *mask_{}, *indices_{};    // of the queue of calls
    unsigned *done_head_{}, *done_tail_{}, *done_mask_{};  // of the queue of results
    const io_uring_cqe* done_{};
};

/// Whether a frozen thread still does what its ring has for it: Linux 6.11
/// and later. `release` as uname(2) tells it; empty: of this machine.
bool frozen_tasks_work(std::string release = {});

}  // namespace drainlab::os
