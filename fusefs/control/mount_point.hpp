// Looking up the directory to mount on, which may lie behind somebody else's file system that does not answer.
#pragma once
#include "fusefs/os/unique_fd.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

/// An O_PATH descriptor of the directory, or a sentence why not with its errno (ETIMEDOUT: nobody answered).
struct mount_point {
    std::shared_ptr<os::unique_fd> dir;
    int err{};
    std::string error;
};

/// What storage::open_cached() opens; null: nothing.
std::shared_ptr<os::unique_fd> cached_mount_point(const std::string& path);

/// What is cached is looked up at once, and `done` called before this returns. Else it is done aside; after `limit` it
/// is left to itself. At most 16 such threads wait. Thread of the call and of `done`: the loop's.
void look_up_mount_point(boost::asio::io_context& io, const std::string& path, std::chrono::milliseconds limit,
                         std::function<void(mount_point)> done);

}  // namespace drainlab::control
