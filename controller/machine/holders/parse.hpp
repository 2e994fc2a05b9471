// Texts of the kernel about what may hold a filesystem. Pure.
#pragma once

#include "fusefs/os/octal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::machine {

using os::without_octal;

/// A line of /proc/net/unix that has a path (abstract names, "@...", are none).
struct bound_socket {
    std::uint64_t inode = 0;
    std::string path;  ///< as it was given to bind(2): perhaps relative
};
/// All of /proc/net/unix; lines that are none are passed over.
std::vector<bound_socket> parse_net_unix(std::string_view text);

/// A line of /proc/swaps that names a file.
struct swap_file {
    std::string path;
    bool deleted = false;
};
/// All of /proc/swaps; partitions are left out.
std::vector<swap_file> parse_swaps(std::string_view text);

/// /sys/block/loopN/loop/backing_file.
struct backing_file {
    std::string path;
    bool deleted = false;
};
/// Nothing where the device has no file.
std::optional<backing_file> parse_backing_file(std::string_view text);

/// A layer of an overlay.
struct overlay_layer {
    std::string role;  ///< lowerdir, datadir, upperdir, workdir
    std::string path;  ///< as it was given to mount(2): perhaps relative
};
/// From the options of the superblock in mountinfo.
std::vector<overlay_layer> parse_overlay_options(std::string_view options);

/// The files that /proc/PID/fdinfo/N of an io_uring lists under UserFiles.
std::vector<std::string> parse_ring_files(std::string_view fdinfo);

/// `scm_fds:` of a socket's fdinfo: descriptors that wait in it to be received.
std::uint64_t parse_in_flight(std::string_view fdinfo);

/// A mapping of /proc/PID/maps that lies on `device` ("fe:01"): its path, or nothing.
std::string_view mapped_path(std::string_view maps, std::string_view device);
/// The device as maps writes it.
std::string device_in_maps(unsigned major, unsigned minor);

/// A text of /proc/PID/syscall: the number and the first two arguments; nothing for "running" and what is in no call.
struct system_call {
    long number = -1;
    std::uint64_t first = 0, second = 0;
};
/// Nothing for `running`, and where the task is in no call.
std::optional<system_call> parse_syscall(std::string_view text);

}  // namespace drainlab::machine
