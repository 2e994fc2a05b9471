// System calls that are under way: a walk that waits for a filesystem holds the mount, and no descriptor shows it yet.
#include "controller/machine/holders/memory.hpp"
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/os/processes.hpp"

#include <sys/syscall.h>

#include <algorithm>

namespace drainlab::machine {

namespace {

/// Calls with a path as their first argument, and as their second after a directory.
constexpr long with_path[] = {
#ifdef SYS_open
    SYS_open,   SYS_stat,  SYS_lstat,    SYS_access,   SYS_creat,  SYS_mkdir,    SYS_rmdir,    SYS_unlink,
    SYS_rename, SYS_chmod, SYS_readlink, SYS_utime,    SYS_lchown, SYS_chown,
#endif
    SYS_statfs, SYS_chdir, SYS_execve,   SYS_truncate, SYS_chroot, SYS_getxattr, SYS_setxattr, SYS_listxattr,
};
constexpr long with_path_at[] = {SYS_openat,     SYS_newfstatat, SYS_statx,     SYS_faccessat,
                                 SYS_faccessat2, SYS_mkdirat,    SYS_unlinkat,  SYS_readlinkat,
                                 SYS_openat2,    SYS_fchownat,   SYS_utimensat, SYS_name_to_handle_at};

template <std::size_t N>
bool one_of(const long (&calls)[N], long number) {
    return std::find(std::begin(calls), std::end(calls), number) != std::end(calls);
}

/// The directory that a path after a descriptor is meant from.
std::string directory_of(const std::string& dir, std::uint64_t fd) {
    const auto number = static_cast<int>(fd);
    return number < 0 ? link_text(dir + "/cwd") : link_text(dir + "/fd/" + std::to_string(number));  // AT_FDCWD
}

std::string path_of_call(const std::string& dir, const system_call& c) {
    if (one_of(with_path, c.number)) return absolute_in(dir, string_in(dir, c.first));
    if (!one_of(with_path_at, c.number)) return {};
    const std::string path = string_in(dir, c.second);
    if (path.empty() || path[0] == '/') return absolute_in(dir, path);
    return absolute_in(dir, directory_of(dir, c.first) + "/" + path);
}

void look_at(survey& s, const process& p, const std::string& thread) {
    const std::string dir = p.dir + "/task/" + thread;
    const auto call = parse_syscall(read_text(dir + "/syscall"));
    if (!call || (!one_of(with_path, call->number) && !one_of(with_path_at, call->number))) return;
    const std::string path = path_of_call(dir, *call);
    const auto seen = s.namespaces.find(p.mntns);
    const auto& mounts = seen == s.namespaces.end() ? s.ours() : seen->second.mounts;
    if (s.names_target(path, mounts))
        s.add(p, "call", path, s.blocks_by_path(path, p.mntns),
              "system call " + std::to_string(call->number) +
                  (thread == std::to_string(p.pid) ? "" : ", thread " + thread));
}

}  // namespace

void find_calls(survey& s) {
    for (const auto& p : s.processes)
        for (const pid_t thread : os::threads_of(p.dir)) look_at(s, p, std::to_string(thread));
}

}  // namespace drainlab::machine
