#include "fusefs/gate/thread_place.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace drainlab::gate {

namespace {

/// Functions of fs/super.c, fs/statfs.c and fs/namespace.c that wait for s_umount in themselves: down_read() and
/// down_write() are not named by wchan, but for kernels built so that it names nothing else. Linux 4.2 to 7.2.
constexpr std::string_view waits_for_s_umount[] = {
    "super_lock", "__super_lock", "super_lock_shared", "super_lock_excl", "bdev_super_lock", "grab_super", "get_super",
    "__get_super", "get_super_thawed", "get_super_exclusive_thawed", "get_active_super", "user_get_super",
    "iterate_supers", "__iterate_supers", "iterate_supers_type", "freeze_super", "thaw_super", "thaw_super_locked",
    "vfs_ustat", "__do_sys_ustat", "__se_sys_ustat", "__x64_sys_ustat", "do_remount", "path_mount",
    "vfs_fsconfig_locked", "vfs_cmd_reconfigure",
    // the lock itself
    "down_read", "down_write", "__down_read", "__down_write", "__down_read_common", "__down_write_common",
    "rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "rwsem_down_read_failed", "rwsem_down_write_failed",
    "call_rwsem_down_read_failed", "call_rwsem_down_write_failed"};

}  // namespace

thread_place place_named(std::string_view name) noexcept {
    if (name.empty() || name == "0") return thread_place::nowhere;
    const auto function = name.substr(0, name.find('.'));
    if (function == "deactivate_super") return thread_place::deactivate_super;
    if (std::find(std::begin(waits_for_s_umount), std::end(waits_for_s_umount), function) !=
        std::end(waits_for_s_umount))
        return thread_place::s_umount;
    if (function == "request_wait_answer" || function.starts_with("fuse_") || function.starts_with("__fuse_"))
        return thread_place::answer;
    return thread_place::elsewhere;
}

thread_watch::thread_watch(pid_t tid) {
    char path[40];
    std::snprintf(path, sizeof path, "/proc/%d/wchan", tid);
    fd_ = open(path, O_RDONLY | O_CLOEXEC);
}

thread_watch::~thread_watch() {
    if (fd_ >= 0) close(fd_);
}

thread_watch::thread_watch(thread_watch&& o) noexcept : fd_{std::exchange(o.fd_, -1)} {}
thread_watch& thread_watch::operator=(thread_watch&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
}

bool thread_watch::look(thread_place& place) const noexcept {
    char name[128];
    const ssize_t got = fd_ < 0 ? -1 : pread(fd_, name, sizeof name, 0);
    if (got < 0) return false;
    place = place_named({name, static_cast<std::size_t>(got)});
    return true;
}

}  // namespace drainlab::gate
