// What a caller asks of a filesystem, by the kernel's names.
#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drainlab::fault {

/// The FUSE requests that have an answer, but INIT and DESTROY, which are the mount's own. `truncate` is a SETATTR
/// of the size, `readdir` READDIRPLUS too, `rename` RENAME2, `fsync` is of a file and `fsyncdir` of a directory.
enum class operation : std::uint8_t {
    lookup,
    getattr,
    setattr,
    truncate,
    readlink,
    symlink,
    mknod,
    mkdir,
    unlink,
    rmdir,
    rename,
    link,
    create,
    open,
    read,
    write,
    flush,
    fsync,
    fallocate,
    lseek,
    copy_file_range,
    release,
    opendir,
    readdir,
    fsyncdir,
    releasedir,
    statfs,
    getxattr,
    setxattr,
    listxattr,
    removexattr,
    ioctl,
};
inline constexpr std::array<std::string_view, 32> operation_words{
    "lookup",   "getattr",    "setattr",   "truncate", "readlink",        "symlink",   "mknod",       "mkdir",
    "unlink",   "rmdir",      "rename",    "link",     "create",          "open",      "read",        "write",
    "flush",    "fsync",      "fallocate", "lseek",    "copy_file_range", "release",   "opendir",     "readdir",
    "fsyncdir", "releasedir", "statfs",    "getxattr", "setxattr",        "listxattr", "removexattr", "ioctl"};
inline constexpr std::size_t operation_count = operation_words.size();
using operations = std::bitset<operation_count>;

/// Nothing if it is no word of operation_words.
std::optional<operation> parse_operation(std::string_view word) noexcept;
/// The word of operation_words.
std::string_view to_string(operation op) noexcept;

/// Whose caller waits for the answer and is told of an error. RELEASE and RELEASEDIR are not: close(2) has returned.
bool has_caller(operation op) noexcept;
/// All that have a caller: the word `any`.
operations any_operation() noexcept;

/// That reads or changes names and attributes where a device keeps them: delayed by its latency.
bool is_metadata(operation op) noexcept;

}  // namespace drainlab::fault
