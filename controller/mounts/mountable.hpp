// Things that can be mounted: ours, and the machine's own, so that the same loop runs on both.
#pragma once

#include "controller/client/failure.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace drainlab::mounts {

/// A mount that was made: who it is for the one that made it.
struct made {
    std::string dir;
    std::string id;     ///< the daemon's; empty for the machine's own
    std::string store;  ///< where its bytes are afterwards; empty: nowhere
};

/// One kind of filesystem. Thread: any, several at once.
class mountable {
  public:
    virtual ~mountable() = default;
    virtual std::string name() const = 0;
    /// Mounts on `dir`, an empty directory; `store` is a directory for its bytes, if it keeps them anywhere.
    virtual client::result<made> mount(const std::string& dir, const std::string& store) = 0;
    /// Returns once the superblock is dead. The machine's own are dead when umount(2) has
    /// returned, unless they are held: then nobody can tell, and this returns at once.
    virtual client::result<void> wait_dead(const made& m, std::chrono::milliseconds limit) = 0;
};

/// drainfs under the daemon on the socket that `socket` names (it
/// may change when the daemon is replaced). `policy` may be empty.
std::unique_ptr<mountable> make_drainfs(std::function<std::string()> socket, std::string policy);
/// tmpfs of this machine. mount(2) needs root or a user namespace.
std::unique_ptr<mountable> make_tmpfs();
/// ext4 of this machine on a loop device, its image beside the store directory. Root only.
std::unique_ptr<mountable> make_ext4();

}  // namespace drainlab::mounts
