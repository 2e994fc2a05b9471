#include "fusefs/kernel/namespace/propagate.hpp"

#include <algorithm>

namespace drainlab::kernel {

namespace {
bool contains(const std::vector<mount*>& all, const mount* m) {
    return std::find(all.begin(), all.end(), m) != all.end();
}
}  // namespace

void set_mnt_shared(mount& m) {
    if (m.peer_group == 0) m.peer_group = ++m.table.last_peer_group;
}

std::vector<mount*> peers_of(const mount& m) {
    std::vector<mount*> peers;
    if (m.peer_group == 0) return peers;
    for (const auto& other : m.table.mounts)
        if (other.get() != &m && other->peer_group == m.peer_group && other->ns) peers.push_back(other.get());
    return peers;
}

std::vector<mount*> copies_at_peers(const mount& m) {
    std::vector<mount*> copies;
    if (!m.mnt_parent) return copies;
    for (const mount* peer : peers_of(*m.mnt_parent))
        for (mount* child : peer->mnt_mounts)
            if (child->hashed && child->mnt_mountpoint == m.mnt_mountpoint) copies.push_back(child);
    return copies;
}

void propagate_umount(std::vector<mount*>& all) {
    const std::vector<mount*> asked = all;
    for (auto m = asked.rbegin(); m != asked.rend(); ++m)  // children first
        for (mount* copy : copies_at_peers(**m)) {
            const auto goes = [&](const mount* child) { return contains(all, child); };
            if (contains(all, copy) || (copy->flags & MNT_LOCKED)) continue;
            if (std::all_of(copy->mnt_mounts.begin(), copy->mnt_mounts.end(), goes)) all.push_back(copy);
        }
}

}  // namespace drainlab::kernel
