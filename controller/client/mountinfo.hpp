// The kernel's table of mounts, as text says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::client {

/// The file system type of our mounts in mountinfo.
inline constexpr std::string_view our_fstype = "fuse.drainfs";

/// One line of /proc/PID/mountinfo (proc(5)); octal escapes are undone.
struct mount_line {
    std::int64_t id = 0, parent = 0;
    unsigned major = 0, minor = 0;
    std::string root, dir, options, fstype, source, super_options;

    bool ours() const noexcept { return fstype == our_fstype; }
    std::string dev() const;  ///< "MAJ:MIN"
};

/// Nothing when the line is not one of mountinfo's.
std::optional<mount_line> parse_mount_line(std::string_view line);

/// All lines of a mountinfo text, in the kernel's order; lines that do not parse are left out.
std::vector<mount_line> parse_mountinfo(std::string_view text);

/// The mounts of a process as `<proc>/<pid>/mountinfo` tells them ("self" for us). Empty when it cannot be read.
std::vector<mount_line> read_mountinfo(const std::string& pid = "self", const std::string& proc = "/proc");

/// The topmost mount whose mount point is exactly `dir` (absolute, no trailing slash).
std::optional<mount_line> mount_at(const std::vector<mount_line>& mounts, std::string_view dir);

/// The mount that the absolute path `path` lies on: the longest mount point that contains it, the latest of equals.
std::optional<mount_line> mount_containing(const std::vector<mount_line>& mounts, std::string_view path);

/// `path` made absolute and free of `.`, `..`, doubled slashes and symbolic links, as far as it exists. The last
/// component is resolved by its parent only, so that a dead mount (ENOTCONN) can be named.
std::string absolute_path(const std::string& path);

}  // namespace drainlab::client
