#include "controller/machine/holders/survey.hpp"

#include "controller/machine/process.hpp"
#include "fusefs/os/processes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::machine {

namespace {

const mount_line* by_id(const std::vector<mount_line>& mounts, std::uint64_t id) {
    for (const auto& m : mounts)
        if (m.id == static_cast<std::int64_t>(id)) return &m;
    return nullptr;
}

/// "pid 7 in its own pid namespace", from /proc/PID/status.
std::string inner_pid(const std::string& dir) {
    const std::string status = read_text(dir + "/status");
    const auto at = status.find("\nNSpid:");
    if (at == std::string::npos) return {};
    const auto line = status.substr(at + 7, status.find('\n', at + 1) - at - 7);
    const auto last = line.find_last_of(" \t"), first = line.find_first_not_of(" \t");
    if (first == std::string::npos || last == std::string::npos || last < first) return {};
    return fmt::format("pid {} in its own pid namespace", line.substr(last + 1));
}

}  // namespace

std::optional<place> place_of(const std::string& link) {
    constexpr unsigned mount_id = 0x1000;  // STATX_MNT_ID; its field is at byte 0x90, a spare one in older headers
    struct statx s {};
    if (statx(AT_FDCWD, link.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, mount_id, &s) != 0) return std::nullopt;
    place p{s.stx_dev_major, s.stx_dev_minor, s.stx_ino, 0, s.stx_mode};
    if (s.stx_mask & mount_id) std::memcpy(&p.mount, reinterpret_cast<const char*>(&s) + 0x90, sizeof p.mount);
    return p;
}

std::string link_text(const std::string& link) {
    std::string text(256, '\0');  // the length that stat(2) gives for a link of /proc says nothing
    for (;; text.resize(text.size() * 2)) {
        const ssize_t n = readlink(link.c_str(), text.data(), text.size());
        if (n < 0) return {};
        if (static_cast<std::size_t>(n) == text.size()) continue;
        text.resize(static_cast<std::size_t>(n));
        return text;
    }
}

std::uint64_t namespace_number(std::string_view text) {
    const auto bracket = text.find(":[");
    std::uint64_t inode = 0;
    if (bracket != std::string::npos) std::from_chars(text.data() + bracket + 2, text.data() + text.size(), inode);
    return inode;
}

survey::survey(const target& w, const std::string& p, const std::string& s) : what(w), proc(p), sys(s) {
    our_ns = namespace_number(link_text(proc + "/self/ns/mnt"));
    namespaces[our_ns] = {read_mountinfo("self", proc), getpid(), {}};
    if (!what.dir.empty()) self = mount_at(ours(), what.dir);
    for (const pid_t pid : os::processes(proc)) {
        if (pid == getpid()) continue;
        const auto name = std::to_string(pid);
        process one{pid, proc + "/" + name, 0};
        one.mntns = namespace_number(link_text(one.dir + "/ns/mnt"));
        if (one.mntns != 0 && !namespaces.contains(one.mntns))
            namespaces[one.mntns] = {read_mountinfo(name, proc), one.pid, {}};
        processes.push_back(std::move(one));
    }
}

bool survey::lies_on(const place& p) const noexcept {
    return is_target(p.major, p.minor) || (self && p.mount != 0 && p.mount == static_cast<std::uint64_t>(self->id));
}

bool survey::names_target(std::string_view path, const std::vector<mount_line>& in) const {
    if (path.empty() || path[0] != '/') return false;
    const auto there = mount_containing(in, path);
    if (there && is_target(*there)) return true;
    if (!what.dir.empty() || what.former.empty()) return false;
    return path == what.former || path.starts_with(what.former + "/");
}

bool survey::blocks(std::uint64_t mount, std::uint64_t ns) {
    if (!self || mount == 0) return true;  // cannot tell: as if
    if (mount == static_cast<std::uint64_t>(self->id)) return true;
    const auto seen = namespaces.find(ns);
    const mount_line* copy = seen == namespaces.end() ? nullptr : by_id(seen->second.mounts, mount);
    const mount_line* below = copy ? by_id(seen->second.mounts, static_cast<std::uint64_t>(copy->parent)) : nullptr;
    const mount_line* parent = by_id(ours(), static_cast<std::uint64_t>(self->parent));
    if (!below || !parent || parent->shared == 0) return false;
    return below->shared == parent->shared || below->master == parent->shared;  // umount propagates to it
}

bool survey::blocks_by_path(std::string_view path, std::uint64_t ns) {
    const auto seen = namespaces.find(ns);
    if (path.empty() || path[0] != '/' || seen == namespaces.end()) return blocks(0, ns);
    const auto there = mount_containing(seen->second.mounts, path);
    return !there || !is_target(*there) || blocks(static_cast<std::uint64_t>(there->id), ns);
}

void survey::add(const process& p, std::string kind, std::string path, bool blocking, std::string detail) {
    if (const auto inner = inner_pid(p.dir); !inner.empty()) detail += (detail.empty() ? "" : ", ") + inner;
    if (!blocking && kind != "namespace")
        detail += (detail.empty() ? "" : ", ") + std::string("through a copy of the mount");
    found.holders.push_back(
        {p.pid, name_of_process(p.dir), std::move(kind), std::move(path), p.mntns, blocking, std::move(detail)});
}

void survey::may_hold(std::string kind, std::string text, std::string shows) {
    found.unseen_kinds.push_back({std::move(kind), std::move(text), std::move(shows)});
}

std::string name_of_process(const std::string& dir) {
    std::string comm = read_text(dir + "/comm");
    if (!comm.empty() && comm.back() == '\n') comm.pop_back();
    constexpr unsigned long kernel_thread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h
    const std::string stat = read_text(dir + "/stat");
    const auto after = stat.rfind(')');
    if (after == std::string::npos) return comm;
    const char* at = stat.c_str() + after + 1;
    for (int field = 3; field < 9; ++field) {  // state ppid pgrp session tty tpgid, then flags
        at = std::strchr(at + 1, ' ');
        if (!at) return comm;
    }
    return std::strtoul(at, nullptr, 10) & kernel_thread ? "[" + comm + "]" : comm;
}

holders_found find_holders(const target& what, const std::string& proc, const std::string& sys) {
    survey s(what, proc, sys);
    find_in_processes(s);
    find_calls(s);
    find_mapped(s);
    find_namespaces(s);
    find_copies(s);
    find_overlays(s);
    find_unix_sockets(s);
    find_loop_devices(s);
    find_swap(s);
    say_what_is_unseen(s);
    return std::move(s.found);
}

}  // namespace drainlab::machine
