#include "fusefs/control/process.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <signal.h>

namespace drainlab::control {

bool process_exists(pid_t pid) noexcept { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

std::uint64_t mount_namespace() noexcept {
    struct stat st {};
    return stat("/proc/self/ns/mnt", &st) == 0 ? st.st_ino : 0;
}

}  // namespace drainlab::control
