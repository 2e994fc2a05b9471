// Noticing that a cgroup has been removed: inotify on its parent (the kernel reports nothing on the directory itself).
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::fuse {

/// Thread: loop.
class cgroup_watch {
  public:
    /// @param on_gone  called once per id, from the loop or from within watch().
    cgroup_watch(boost::asio::io_context& io, std::function<void(std::uint64_t id)> on_gone);
    ~cgroup_watch();
    /// Reports when the directory whose inode number is `id` is no longer at `directory`.
    /// An equal name is not an equal cgroup: what counts is the number. If it is gone
    /// already, that is reported at once. False: its parent cannot be watched.
    bool watch(const std::filesystem::path& directory, std::uint64_t id);
    /// How many parents are watched.
    std::size_t watches() const noexcept;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace drainlab::fuse
