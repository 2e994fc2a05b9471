// Peer groups (fs/pnode.c): what is mounted on, or unmounted from,
// one member happens at the others too. Slaves are left out.
#pragma once
#include "fusefs/kernel/namespace/mount_table.hpp"

namespace drainlab::kernel {

/// set_mnt_shared(): `m` becomes a peer group of its own. Copies made of it later join.
void set_mnt_shared(mount& m);
/// The other members of `m`'s group that are in a namespace, oldest first.
std::vector<mount*> peers_of(const mount& m);
/// propagation_next() and __lookup_mnt(): what is mounted at `m`'s mount point on the peers of its parent.
std::vector<mount*> copies_at_peers(const mount& m);
/// propagate_umount(): adds to `all` (parents before children)
/// the copies whose own children all go too. mount_lock is held.
void propagate_umount(std::vector<mount*>& all);

}  // namespace drainlab::kernel
