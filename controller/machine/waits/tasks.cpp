#include "controller/machine/waits/tasks.hpp"

#include "controller/machine/holders/memory.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/os/processes.hpp"

#include <fmt/format.h>

#include <sys/syscall.h>

#include <algorithm>
#include <functional>
#include <unistd.h>

namespace drainlab::machine {

namespace {

std::string first_line(const std::string& path) {
    std::string text = read_text(path);
    return text.substr(0, text.find('\n'));
}

kernel_task look_at(pid_t pid, pid_t tid, const std::string& dir) {
    kernel_task t;
    t.pid = pid;
    t.tid = tid;
    t.wchan = first_line(dir + "/wchan");
    if (t.wchan == "0") t.wchan.clear();
    t.stack = parse_stack(read_text(dir + "/stack"));
    const auto call = parse_syscall(read_text(dir + "/syscall"));
    if (!call) return t;
    t.in_umount = call->number == SYS_umount2;
    if (t.in_umount) t.path = absolute_in(dir, string_in(dir, call->first));
#ifdef SYS_ustat
    // The kernel's 32-bit encoding: (minor & 0xff) | major << 8 | (minor & ~0xff) << 12.
    if (call->number == SYS_ustat)
        t.device = (call->first >> 8 & 0xfff) << 32 | ((call->first & 0xff) | (call->first >> 12 & 0xfff00));
#endif
    if (call->number == SYS_syncfs)
        if (const auto file = place_of(fmt::format("{}/fd/{}", dir, call->first)))
            t.device = static_cast<std::uint64_t>(file->major) << 32 | file->minor;
    return t;
}

/// Every task that `wanted` takes; asked is only what is cheap.
std::vector<kernel_task> all_tasks(const std::string& proc, const std::function<bool(const kernel_task&)>& wanted) {
    std::vector<kernel_task> found;
    for (const pid_t pid : os::processes(proc)) {
        if (pid == getpid()) continue;
        const auto process = fmt::format("{}/{}", proc, pid);
        for (const pid_t tid : os::threads_of(process)) {
            const auto dir = fmt::format("{}/task/{}", process, tid);
            auto t = look_at(pid, tid, dir);
            if (!wanted(t)) continue;
            t.comm = name_of_process(dir);
            t.words = words_for(t.stack, t.wchan);
            found.push_back(std::move(t));
        }
    }
    return found;
}

}  // namespace

std::vector<kernel_task> unmounting_tasks(const std::string& proc) {
    return all_tasks(proc, [](const kernel_task& t) { return t.in_umount || is_unmounting(t.stack, t.wchan); });
}

std::vector<kernel_task> superblock_lockers(unsigned major, unsigned minor, const std::string& proc) {
    const auto device = static_cast<std::uint64_t>(major) << 32 | minor;
    auto some = all_tasks(proc, [&](const kernel_task& t) {
        return (t.device ? *t.device == device : locks_superblocks(t.stack)) &&
               words_for(t.stack, t.wchan).stage != "s_umount";
    });
    if (std::any_of(some.begin(), some.end(), [](const kernel_task& t) { return t.device.has_value(); }))
        std::erase_if(some, [](const kernel_task& t) { return !t.device; });
    return some;
}

std::vector<kernel_task> loop_workers(const std::string& device, const std::string& proc) {
    const std::string name = device.substr(device.rfind('/') + 1);
    auto tasks = all_tasks(proc, [](const kernel_task& t) {
        return std::find(t.stack.begin(), t.stack.end(), "loop_process_work") != t.stack.end();
    });
    // A worker is named after the queue that it works for.
    std::erase_if(tasks, [&](const kernel_task& t) {
        const auto at = t.comm.find("loop");
        return at == std::string::npos || t.comm.substr(at, t.comm.find_first_of("] ", at) - at) != name;
    });
    return tasks;
}

std::vector<kernel_task> waiting_for_thaw(const std::vector<pid_t>& pids, const std::string& proc) {
    return all_tasks(proc, [&](const kernel_task& t) {
        return waits_for_thaw(t.stack, t.wchan) && std::find(pids.begin(), pids.end(), t.pid) != pids.end();
    });
}

pid_t fuse_server(unsigned minor, const std::string& proc) {
    for (const pid_t pid : os::processes(proc)) {
        const auto dir = fmt::format("{}/{}", proc, pid);
        for (const int fd : os::descriptors_of(dir)) {
            if (!link_text(fmt::format("{}/fd/{}", dir, fd)).ends_with("/fuse")) continue;
            const std::string info = read_text(fmt::format("{}/fdinfo/{}", dir, fd));
            const auto at = info.find("fuse_connection:");
            if (at != std::string::npos && std::strtoul(info.c_str() + at + 16, nullptr, 10) == minor) return pid;
        }
    }
    return 0;
}

}  // namespace drainlab::machine
