// Unix sockets: one that is bound refers to its file and mount; descriptors that wait in one to be received refer to
// theirs.
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/holders/unix_diag.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <set>

namespace drainlab::machine {

namespace {

/// The path of a bound socket, by its inode, if it lies on the superblock.
using bound_here = std::map<std::uint64_t, std::string>;

void add_by_text(survey& s, const std::string& table, const std::vector<mount_line>& mounts, bound_here& into) {
    for (const auto& b : parse_net_unix(read_text(table)))
        if (s.names_target(b.path, mounts)) into.try_emplace(b.inode, b.path);
}

/// Our network namespace, exactly if the kernel has sock_diag for it; the others by what their processes' /proc shows.
bound_here all_bound(survey& s) {
    bound_here here;
    const auto exact = s.proc == "/proc" ? bound_on(s.what.major, s.what.minor) : std::nullopt;
    if (exact)
        for (const auto& b : *exact) here[b.inode] = b.path;
    else
        add_by_text(s, s.proc + "/self/net/unix", s.ours(), here);
    std::set<std::uint64_t> seen{namespace_number(link_text(s.proc + "/self/ns/net"))};
    for (const auto& p : s.processes) {
        const auto net = namespace_number(link_text(p.dir + "/ns/net"));
        if (net == 0 || !seen.insert(net).second) continue;
        const auto of = s.namespaces.find(p.mntns);
        if (of != s.namespaces.end()) add_by_text(s, p.dir + "/net/unix", of->second.mounts, here);
    }
    return here;
}

}  // namespace

void find_unix_sockets(survey& s) {
    auto here = all_bound(s);
    for (const auto& p : s.sockets) {
        const auto bound = here.find(p.inode);
        if (bound == here.end()) continue;
        s.add(p.of, "unix-socket", bound->second, s.blocks_by_path(bound->second, p.of.mntns), "fd " + p.number);
    }
    std::set<std::uint64_t> shown;
    for (const auto& p : s.sockets) shown.insert(p.inode);
    for (const auto& [inode, path] : here)
        if (!shown.contains(inode))
            s.found.holders.push_back({0, {}, "unix-socket", path, 0, true, fmt::format("socket:[{}]", inode)});
}

void look_at_socket(survey& s, const process& p, const std::string& dir, const std::string& number) {
    const std::string text = link_text(dir + "/fd/" + number);  // socket:[123]
    s.sockets.push_back({namespace_number(text), p, number});
    const auto waiting = parse_in_flight(read_text(dir + "/fdinfo/" + number));
    if (waiting == 0) return;
    s.may_hold(
        "in-flight",
        fmt::format(
            "{} descriptor{} wait{} to be received from socket fd {} of pid {} ({}): of which files cannot be seen",
            waiting, waiting == 1 ? "" : "s", waiting == 1 ? "s" : "", number, p.pid, name_of_process(p.dir)),
        "receiving them, or the end of that process, lets go of them");
}

}  // namespace drainlab::machine
