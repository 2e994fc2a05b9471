#include "fusefs/gate/calls.hpp"

#include "fusefs/gate/device.hpp"
#include "fusefs/os/run_program.hpp"

#include <sys/mount.h>
#include <sys/syscall.h>

#include <cerrno>
#include <unistd.h>

namespace drainlab::gate {
namespace {

int run_fusermount(const std::string& path, bool lazy) {
    const auto end = os::run_program({.words = {"fusermount3", "-q", lazy ? "-uz" : "-u", "--", path}});
    return end.error != 0 ? end.error : end.status == 0 ? 0 : EBUSY;
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

int call_umount(const request& r) {
    const bool lazy = (r.flags & flag_lazy) != 0;
    int flags = UMOUNT_NOFOLLOW;
    if (lazy) flags |= MNT_DETACH;
    if ((r.flags & flag_force) != 0) flags |= MNT_FORCE;
    if (umount2(r.path.c_str(), flags) == 0) return 0;
    return errno == EPERM ? run_fusermount(r.path, lazy) : errno;  // not ours to unmount directly
}

}  // namespace drainlab::gate
