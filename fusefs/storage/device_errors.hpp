// Errors on demand: which operations on which files fail, how often, and how.
#pragma once
#include "fusefs/fault/rules.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::storage {

/// What may be made to fail. The data operations are the store's: `read` brings pages in,
/// `write` is write-back, `fsync` the store's own fsync after it (also of directories, and
/// sync_fs). The others are a caller's request. STATFS is never failed: the gate waits in it.
enum class device_op : std::uint8_t {
    any,
    read,
    write,
    fsync,
    truncate,
    fallocate,
    open,
    create,
    mkdir,
    mknod,
    symlink,
    link,
    unlink,
    rmdir,
    rename,
    lookup,
    getattr,
    setattr,
    readlink,
    readdir,
    getxattr,
    setxattr,
};
inline constexpr std::array<std::string_view, 22> device_op_words{
    "any",     "read",    "write",    "fsync",   "truncate", "fallocate", "open",   "create",
    "mkdir",   "mknod",   "symlink",  "link",    "unlink",   "rmdir",     "rename", "lookup",
    "getattr", "setattr", "readlink", "readdir", "getxattr", "setxattr"};
/// Nothing if it is no word of device_op_words.
std::optional<device_op> parse_device_op(std::string_view word) noexcept;
/// The word of device_op_words.
std::string_view to_string(device_op op) noexcept;

/// The number of an errno's name ("EIO"); 0 if there is none such, or if the kernel
/// would take it for more than one request's failure (ENOSYS: it never asks again).
int parse_errno(std::string_view name) noexcept;
/// "EIO"
std::string errno_name(int error);

/// One kind of failure: of which operation, on which files, how often.
struct error_rule {
    device_op op{device_op::any};
    /// Glob of fnmatch(3), no flags (`*` also matches `/`), against the path from the mount's root: "/dir/file".
    std::string path{"*"};
    double probability{1};  ///< 0 to 1
    int error{};            ///< errno
    std::uint64_t seed{};   ///< the same seed and the same sequence of matching requests fail the same
};

/// The rules in force, as a fault::rules keeps them: the first one that strikes
/// decides. A file without any name left has the path "". Thread: loop.
class device_errors {
  public:
    /// Replaces all; counters and generators begin anew.
    void set(const std::vector<error_rule>& rules);
    bool none() const noexcept { return rules_.empty(); }
    /// Whether any rule is about `op`: else its path need not be found out.
    bool concerns(device_op op) const noexcept;
    /// 0: goes well.
    int strike(device_op op, const std::string& path);
    /// With how many operations each was about, and how many it failed.
    const std::vector<fault::rules::pointer>& rules() const noexcept { return rules_.all(); }

  private:
    fault::rules rules_;
};

}  // namespace drainlab::storage
