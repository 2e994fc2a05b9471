// The kernel's table of mounts. Asks the kernel only, never a filesystem.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::os {

/// The file system type of our mounts in mountinfo.
inline constexpr std::string_view our_fstype = "fuse.drainfs";

/// One line of /proc/PID/mountinfo (proc(5)); octal escapes are undone.
struct mount_line {
    std::int64_t id = 0, parent = 0;  ///< `id` may be reused; see mount_identity
    unsigned major = 0, minor = 0;
    std::string root, dir, options, fstype, source, super_options;
    std::int64_t shared = 0, master = 0;  ///< peer groups: its own, and the one it receives from; 0: none

    bool ours() const noexcept { return fstype == our_fstype; }
    std::string dev() const;  ///< "MAJ:MIN"
    dev_t device() const noexcept;
};

/// Nothing when the line is not one of mountinfo's.
std::optional<mount_line> parse_mount_line(std::string_view line);

/// All lines of a mountinfo text, in the kernel's order; lines that do not parse are left out.
std::vector<mount_line> parse_mountinfo(std::string_view text);

/// The mounts of a process as `<proc>/<pid>/mountinfo` tells them ("self" for us). Empty when it cannot be read.
std::vector<mount_line> read_mountinfo(const std::string& pid = "self", const std::string& proc = "/proc");

/// Never null. What was handed out stays as it was.
using mount_lines = std::shared_ptr<const std::vector<mount_line>>;

/// The mounts of our mount namespace, read again only when the kernel says that they have changed (poll(2) on the open
/// table, proc(5)): with many mounts the reading is what costs. For threads that stay in their namespace; each keeps a
/// descriptor and a table of its own.
mount_lines current_mounts();

/// The device numbers of all that is mounted in our mount namespace.
std::set<dev_t> mounted_devices();

/// The mount that the absolute path `path` (no symbolic links, no "..") leads onto, as the kernel walks it: from the
/// root of the table through what is mounted on the way, always onto the one on top. A mount that is covered, or hidden
/// behind one on a directory above, is never it.
std::optional<mount_line> mount_containing(const std::vector<mount_line>& mounts, std::string_view path);

/// The same if its mount point is exactly `dir` (no trailing slash): the mount that unmounting `dir` means.
std::optional<mount_line> mount_at(const std::vector<mount_line>& mounts, std::string_view dir);

/// What keeps `m` from being reached by its own path: the mount on top of it, or the one that hides a directory above.
/// Nothing: it is reached.
std::optional<mount_line> covering(const std::vector<mount_line>& mounts, const mount_line& m);

}  // namespace drainlab::os
