// What this daemon owns, written down beside its socket, so that somebody can clean up after a SIGKILL.
#pragma once
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/process_identity.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::control {

/// A mount of the daemon, as its record names it for who cleans up.
struct owned_mount {
    std::string dir, name;
    os::mount_identity who{};  ///< nobody: it was about to be made, and names nothing
    std::uint32_t id{};        ///< the daemon's number of it; 0 in records of before 2026-12
};

/// A mount that came, became known, or (`mount` is nothing) went.
struct record_change {
    std::uint32_t id{};
    std::optional<owned_mount> mount;
};

/// The contents of X.state (docs/api.md).
struct daemon_state {
    os::process_identity daemon;
    std::uint64_t mount_namespace{};  ///< inode number
    os::process_identity gate;        ///< pid 0: none
    std::vector<owned_mount> mounts;
};

/// What lies beside the socket "X.sock" (or "X"): "X.state", and "X.life", which the daemon keeps locked as long as it
/// lives.
std::string state_path(const std::string& socket);
/// The lock beside the socket by which anybody can tell whether the daemon lives.
std::string life_path(const std::string& socket);

/// Replaces the file at `path`, never leaving half of one. False (errno set) if it cannot be written.
bool write_state(const std::string& path, const daemon_state& s);
/// The same for the file `name` in the directory `dir` (a descriptor): nothing that is mounted over that is in the way.
/// @return what changes can be added to with append_changes(); none if it failed.
os::unique_fd write_state(int dir, const std::string& name, const daemon_state& s);
/// False: they are not in the file, or in part, or nobody will find that file; it has to be written anew.
bool append_changes(int file, const std::vector<record_change>& changes, std::uint64_t mount_namespace);

/// Nothing if there is none, or it is not of our form, or somebody else can have written it; `why` then says so in the
/// last case.
std::optional<daemon_state> read_state(const std::string& path, std::string& why);

/// The record's text: what write_state() writes, one line.
std::string state_to_json(const daemon_state& s);
/// That line, with the changes of the lines below. Nothing if it is not of that form; keys that are not known are
/// passed over, and what follows the last line break: it was being written.
std::optional<daemon_state> state_from_json(const std::string& text);

}  // namespace drainlab::control
