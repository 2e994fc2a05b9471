// What a process inherits from whoever starts it, and what a daemon
// must not: limits, signal dispositions, niceness, and so on.
#pragma once
#include <sys/resource.h>

#include <optional>
#include <string>
#include <vector>

namespace drainlab::control {

/// What to make of a limit that was inherited: none at all, if we
/// may say so (`privileged`), else as much as the hard one allows.
rlimit without_limit(rlimit inherited, bool privileged) noexcept;

/// "files end at 1048576 bytes (`ulimit -f` where the daemon was started)";
/// nothing where no limit is left. `resource` is RLIMIT_FSIZE or RLIMIT_CPU.
std::optional<std::string> tell_limit(int resource, const rlimit& left);

/// With less, a daemon with a gate and one mount would start, and fail at its work.
inline constexpr unsigned fewest_descriptors = 64, fewest_mebibytes = 128;

/// Sets what a daemon of many mounts needs, where that is permitted: no limit on file size and CPU time,
/// all descriptors that the hard limit allows, default dispositions but SIGPIPE and SIGXFSZ ignored (a
/// write beyond a limit is EFBIG), nothing blocked, an ordinary place in the scheduler and for the OOM
/// killer, umask 0 (files of the mounts get the umask of their creators). Call before any thread is
/// started. @return one sentence for each limit that remains: those who mount should hear of it.
std::vector<std::string> leave_surroundings();

}  // namespace drainlab::control
