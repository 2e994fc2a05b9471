// The file systems that bench_fs puts side by side, each on a directory of one tmpfs.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::bench {

/// One mounted file system under test. Unmounted, and its process ended, by the destructor.
class subject {
  public:
    virtual ~subject() = default;
    std::string name;
    std::filesystem::path dir;
    bool is_peer{};    ///< a FUSE file system of other people
    pid_t daemon{-1};  ///< -1: none (tmpfs)

    /// CPU time its process has used so far, all threads, in nanoseconds; 0 without one.
    std::uint64_t cpu_ns() const;
};

/// A tmpfs at `top` that lives as long as this object. Needs root of a mount namespace.
class tmpfs_top {
  public:
    explicit tmpfs_top(std::filesystem::path top);
    ~tmpfs_top();
    tmpfs_top(const tmpfs_top&) = delete;
    tmpfs_top& operator=(const tmpfs_top&) = delete;

  private:
    std::filesystem::path top_;
};

/// Everything that can be had here, mounted; what cannot is said on stderr. `drainctl`: the program under test.
std::vector<std::unique_ptr<subject>> mount_all(const std::filesystem::path& top, const std::string& drainctl);

}  // namespace drainlab::bench
