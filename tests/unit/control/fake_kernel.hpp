// The kernel of a mount, as far as the daemon can tell: who holds the other end of its connection.
#pragma once
#include "fusefs/fuse/mounting.hpp"
#include "tests/own_folder.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace drainlab::control::test {

/// One connection: requests go to the daemon, answers come back.
class connection {
  public:
    explicit connection(os::unique_fd fd) : fd_{std::move(fd)} {}
    /// Sends a request. @return by which number its answer is known.
    std::uint64_t ask(std::uint32_t opcode, std::uint64_t node, const std::string& body);
    /// The next answer: which request it is of, its errno and what it says. Nothing there: number 0.
    struct answer {
        std::uint64_t number{};
        int error{};
        std::string body;
    };
    answer hear();
    /// The superblock is gone.
    void end() { fd_.reset(); }
    bool ended() const noexcept { return !fd_; }

  private:
    os::unique_fd fd_;
    std::uint64_t last_{};
};

/// Makes mounts that nobody else can see. `dir` has to be a mount already: that is what it is taken for.
class fake_kernel {
  public:
    fake_kernel();
    fake_kernel(const fake_kernel&) = delete;
    fake_kernel& operator=(const fake_kernel&) = delete;

    /// In a thread of its own, as fuse::make_mount().
    int make(const fuse::session_options& options, fuse::new_mount& out, std::string& error) const;
    /// Our end of the oldest mount that has not been asked for yet.
    connection accept() const;
    int refuse_with{};  ///< errno of the next mounts
    /// In that thread, when the mount is made and before anybody can see it.
    std::function<void()> before_it_is_seen{};

  private:
    tests::own_folder dir_;
    os::unique_fd listener_;
};

}  // namespace drainlab::control::test
