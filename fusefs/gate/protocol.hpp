// What drainfs and drainfs-gate say to each other: one struct a message, over a SOCK_SEQPACKET pair, both ends of one
// build.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace drainlab::gate {

/// The descriptor on which the gate finds its end of the pair.
inline constexpr int gate_socket_fd = 3;
inline constexpr std::uint32_t protocol_magic = 0x64726731;  // "drg1"

/// What the daemon asks of the gate.
enum class command : std::uint8_t {
    arm = 1,    ///< enter ustat(dev) and stay there: hold s_umount shared
    probe = 2,  ///< enter ustat(dev) once: blocks while a writer is queued; first wait, shortly, for `tid` to be one
    heartbeat = 3,  ///< the daemon is alive; `flags` bit 0: an unmount is pending
    umount = 4,     ///< umount2(path, flags) or fusermount3, for clean-up
    sweep = 5,      ///< never sent: the gate's own round over all that it holds, see sweep.hpp
};

/// Bits of request::flags. The umount ones are ours, not the kernel's.
enum : std::uint32_t {
    flag_pending = 1,
    flag_lazy = 2,
    flag_force = 4,
};

/// A command with its particulars; encode() makes a message of it.
struct request {
    command op{};
    std::uint32_t mount{};  ///< the daemon's number of the mount
    std::uint64_t tag{};    ///< comes back in every report about this request
    std::uint64_t dev{};    ///< dev_t of the superblock
    std::uint32_t flags{};
    std::string path;  ///< umount only
    pid_t tid{};       ///< probe only: the thread that is unmounting, 0 if unknown
};

/// What the gate tells the daemon.
enum class report_kind : std::uint8_t {
    hello = 1,     ///< the gate runs; `error` is what a trial ustat() gave
    entering = 2,  ///< thread `tid` is about to call ustat() or umount2(); `error`: saw_unmounter_wait, or 0
    returned = 3,  ///< it came back with `error`; of an ustat() that went well nothing is said
    stuck = 4,     ///< the sweep's thread `tid` hangs at `mount`; said again and again until it does not
};

/// Of an entering probe: the unmounting thread, looked at a moment ago, waited in deactivate_super().
inline constexpr std::int32_t saw_unmounter_wait = 1;

/// Sent as it lies in memory: both ends run on one machine, and are of one build.
struct report {
    std::uint32_t magic{protocol_magic};
    report_kind kind{};
    command op{};
    std::uint16_t unused{};
    std::uint32_t mount{};
    std::int32_t tid{};
    std::int32_t error{};
    std::uint32_t unused2{};
    std::uint64_t tag{};
};
static_assert(sizeof(report) == 32);

/// The longest request there is: header and a path of PATH_MAX.
inline constexpr std::size_t request_limit = 40 + 4096;

/// The bytes of one request. Precondition: path shorter than 4096.
std::string encode(const request& r);
/// The request in one received message; nothing if it is none (wrong magic, length or command).
std::optional<request> decode_request(std::string_view bytes);
/// The report in one received message; nothing if it is none (wrong magic or length).
std::optional<report> decode_report(std::string_view bytes);

}  // namespace drainlab::gate
