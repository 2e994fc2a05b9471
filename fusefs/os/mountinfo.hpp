// The kernel's table of mounts. Asks the kernel only, never a filesystem.
#pragma once
#include <sys/types.h>

#include <cstdint>
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

/// The device numbers of all that is mounted in our mount namespace.
std::set<dev_t> mounted_devices();

/// The topmost mount whose mount point is exactly `dir` (absolute, no trailing slash).
std::optional<mount_line> mount_at(const std::vector<mount_line>& mounts, std::string_view dir);

/// The mount that the absolute path `path` lies on, by text alone: the longest mount point that contains it, the latest of equals.
std::optional<mount_line> mount_containing(const std::vector<mount_line>& mounts, std::string_view path);

/// A mount, named for good.
struct mount_identity {
    dev_t dev{};         ///< 0: it could not be asked
    std::uint64_t id{};  ///< never given to another mount (STATX_MNT_ID_UNIQUE); 0 before Linux 6.8
};
/// The mount at `path` under `dirfd`, as for statx(2) with `flags`. Sends no request to the filesystem.
mount_identity identify_mount(int dirfd, const char* path, int flags = 0);

/// Whether the mount with this mount_identity::id is still in our mount namespace, as statmount(2) says; true where it cannot tell.
/// Takes no reference, so it makes no unmount fail. Device numbers, unlike these ids, are given to the next mount at once.
bool is_still_mounted(std::uint64_t unique_id);

}  // namespace drainlab::os
