// Mounts: binds of the same superblock, what is mounted below, copies in other namespaces.
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"

namespace drainlab::machine {

namespace {

void in_ours(survey& s) {
    for (const auto& m : s.ours()) {
        if (s.self && m.id == s.self->id) continue;
        if (s.self && m.parent == s.self->id)
            s.found.holders.push_back({0, m.fstype, "nested", m.dir, s.our_ns, true, m.fstype == "nsfs" ? m.root : ""});
        else if (s.is_target(m))
            s.found.holders.push_back({0, m.fstype, "bind", m.dir, s.our_ns, false, {}});
    }
}

void in_another(survey& s, std::uint64_t inode, const namespace_seen& seen) {
    for (const auto& m : seen.mounts) {
        if (!s.is_target(m)) continue;
        const std::string dir = s.proc + "/" + std::to_string(seen.pid);
        const std::string comm = seen.pid ? name_of_process(dir) : std::string();
        s.found.holders.push_back({seen.pid, comm, "namespace", m.dir, inode, false, seen.by});
    }
}

}  // namespace

void find_copies(survey& s) {
    in_ours(s);
    for (const auto& [inode, seen] : s.namespaces)
        if (inode != s.our_ns) in_another(s, inode, seen);
}

}  // namespace drainlab::machine
