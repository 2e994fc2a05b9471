// How a child process is born: what it runs, and what it is
// given. Nothing else of ours, or of who called us, goes along.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace drainlab::machine {

/// Our descriptor `fd`, open in the child as number `as`.
struct given_fd {
    int fd, as;
};

/// Whom signals of the terminal reach.
enum class process_group {
    ours,     ///< with us: the terminal's Ctrl-C reaches both
    own,      ///< Ctrl-C meets only us
    session,  ///< no terminal at all
};

/// Whatever is not said here: signals have their default action (but an ignored SIGHUP stays
/// ignored, for nohup(1)) and none is blocked; standard streams are /dev/null; no other descriptor
/// is open; the environment is ours with LC_ALL=C, so that what a program says can be read.
struct birth {
    std::vector<std::string> words;  ///< the program (a path, or a name to be found on PATH), then its arguments
    std::vector<given_fd> descriptors{};
    process_group group{process_group::own};
    bool dies_with_us{};              ///< SIGKILL when the thread that starts it ends, however it ends
    std::string directory{};          ///< to run in; empty: ours
    int cgroup{-1};                   ///< a directory of cgroup v2 to be born in (bodies only); -1: ours
    bool keep_streams{};              ///< standard streams that are not given are ours
    bool keep_callers_descriptors{};  ///< for a command of the user's own: what our caller left open for it stays open
    std::optional<std::vector<std::string>> environment{};  ///< all of it, as NAME=VALUE
};

/// Our environment with LC_ALL=C and without LANGUAGE.
std::vector<std::string> plain_environment();
/// Our environment as it is.
std::vector<std::string> own_environment();

}  // namespace drainlab::machine
