// Which superblocks are mounted in our mount namespace. Asks the kernel's tables only, never a filesystem.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::gate {

/// One line of /proc/self/mountinfo.
struct mount_line {
    int id{};  ///< may be reused; see unique_mount_id()
    dev_t dev{};
    std::string dir, fstype, source;
};

/// Parses the text of a mountinfo file; octal escapes are undone, lines that are not of its form are skipped.
std::vector<mount_line> parse_mountinfo(std::string_view text);
/// The mounts of our mount namespace, in the order they were made. Empty if /proc cannot be read.
std::vector<mount_line> read_mountinfo();
std::set<dev_t> mounted_devices();

/// The id of the mount at `dir` that is never reused (STATX_MNT_ID_UNIQUE, Linux >= 6.8), or 0. Sends no request to the
/// filesystem.
std::uint64_t unique_mount_id(const std::string& dir);

/// Whether that mount (its id is never reused) is still in our mount namespace, as statmount(2) says; true where it cannot tell.
/// Takes no reference, so it makes no unmount fail. Device numbers, unlike ids, are given to the next mount at once.
bool is_still_mounted(std::uint64_t unique_id);

}  // namespace drainlab::gate
