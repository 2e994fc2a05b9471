#include "fusefs/gate/calls.hpp"

#include "fusefs/gate/device.hpp"

#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

extern char** environ;

namespace drainlab::gate {
namespace {

int run_fusermount(const char* path, bool lazy) noexcept {
    char name[] = "fusermount3", quiet[] = "-q", how[] = "-u", lazily[] = "-uz", end[] = "--";
    char* const arguments[] = {name, quiet, lazy ? lazily : how, end, const_cast<char*>(path), nullptr};
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = -1;
    const int error = posix_spawnp(&child, name, nullptr, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) return error;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EBUSY;
}

}  // namespace

bool have_ustat() noexcept {
#ifdef SYS_ustat
    return true;
#else
    return false;
#endif
}

int call_ustat(dev_t dev) noexcept {
#ifdef SYS_ustat
    char result[256];  // struct ustat has 32 bytes
    return syscall(SYS_ustat, kernel_device(dev), result) == 0 ? 0 : errno;
#else
    (void)dev;
    return ENOSYS;
#endif
}

int call_umount(const request& r) noexcept {
    const bool lazy = (r.flags & flag_lazy) != 0;
    int flags = UMOUNT_NOFOLLOW;
    if (lazy) flags |= MNT_DETACH;
    if ((r.flags & flag_force) != 0) flags |= MNT_FORCE;
    if (umount2(r.path.c_str(), flags) == 0) return 0;
    return errno == EPERM ? run_fusermount(r.path.c_str(), lazy) : errno;  // not ours to unmount directly
}

}  // namespace drainlab::gate
