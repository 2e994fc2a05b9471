// Mount namespaces without a process: kept by a file that one is bound on, or by a descriptor.
#include "controller/machine/holders/asking.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace drainlab::machine {

namespace {

/// The mountinfo of the namespace that `path` is; an errno as "!N".
int read_inside(const std::string& path, const std::string& proc, int out) {
    const int root = open(proc.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int ns = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (ns < 0 || root < 0 || setns(ns, CLONE_NEWNS) != 0) {
        tell(out, fmt::format("!{}", errno));
        return 0;
    }
    const int table = openat(root, "thread-self/mountinfo", O_RDONLY | O_CLOEXEC);
    char text[4096];
    for (ssize_t n; (n = read(table, text, sizeof text)) > 0;) tell(out, {text, static_cast<std::size_t>(n)});
    return 0;
}

void look_into(survey& s, std::uint64_t inode, const std::string& path, const std::string& by) {
    const auto said =
        ask_in_child([&](int out) { return read_inside(path, s.proc, out); }, std::chrono::milliseconds(500));
    auto& seen = s.namespaces[inode];
    seen.by = by;
    if (said.finished && !said.text.starts_with('!')) {
        seen.mounts = parse_mountinfo(said.text);
        return;
    }
    const std::string why = said.finished ? std::strerror(std::atoi(said.text.c_str() + 1)) : "no answer";
    s.may_hold("mount-namespace", fmt::format("mount namespace {}, {}, could not be looked into ({})", inode, by, why),
               fmt::format("as root: nsenter --mount={} grep ' {}:{} ' /proc/self/mountinfo", path, s.what.major,
                           s.what.minor));
}

}  // namespace

void find_namespaces(survey& s) {
    // Those that a descriptor keeps have been noted, with the path of one, by the look at the descriptors.
    std::map<std::uint64_t, std::string> kept;
    for (const auto& [inode, seen] : s.namespaces)
        if (seen.pid == 0 && seen.mounts.empty()) kept[inode] = seen.by;
    for (const auto& [inode, path] : kept) {
        const std::string by =
            fmt::format("kept by a descriptor of pid {}", std::atoi(path.c_str() + s.proc.size() + 1));
        look_into(s, inode, path, by);
    }
    std::map<std::uint64_t, std::string> bound;
    for (const auto& m : s.ours())
        if (m.fstype == "nsfs" && m.root.starts_with("mnt:["))
            if (const auto inode = namespace_number(m.root); !s.namespaces.contains(inode)) bound[inode] = m.dir;
    for (const auto& [inode, dir] : bound) look_into(s, inode, dir, "bound on " + dir);
}

}  // namespace drainlab::machine
