// What this daemon owns, written down beside its socket, so that somebody can clean up after a SIGKILL.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::control {

struct owned_mount {
    std::string dir, name;
    std::optional<dev_t> dev{};  ///< nothing: it was about to be made
};

/// The contents of X.state (docs/api.md).
struct daemon_state {
    pid_t pid{};
    std::uint64_t start_time{};       ///< field 22 of /proc/PID/stat: tells a reused pid
    std::uint64_t mount_namespace{};  ///< inode number
    pid_t gate_pid{};                 ///< 0: none
    std::vector<owned_mount> mounts;
};

/// "X.state" for the socket "X.sock" (or "X").
std::string state_path(const std::string& socket);
/// Replaces the file at `path`, never leaving half of one. False (errno set) if it cannot be written.
bool write_state(const std::string& path, const daemon_state& s);
/// Nothing if there is none, or it is not of our form.
std::optional<daemon_state> read_state(const std::string& path);
std::string state_to_json(const daemon_state& s);
std::optional<daemon_state> state_from_json(const std::string& text);

/// Field 22 of /proc/PID/stat; 0 if there is no such process.
std::uint64_t process_start_time(pid_t pid);
bool process_is_alive(pid_t pid, std::uint64_t start_time);

/// Removes what the dead daemon described by `s` left behind: ends its gate, unmounts (lazily) the lines of mountinfo whose dir and
/// dev are in it. Does nothing if that daemon still lives. Returns one sentence for each thing done, or not possible.
std::vector<std::string> clean_up_after(const daemon_state& s);

}  // namespace drainlab::control
