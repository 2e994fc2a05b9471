// Making mounts: mount(2), bind mounts, copies of a namespace.
#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/propagate.hpp"
#include "fusefs/kernel/namespace/umount.hpp"
#include "fusefs/kernel/namespace/walk.hpp"

#include <algorithm>
#include <cerrno>

namespace drainlab::kernel {

namespace {

/// vfs_create_mount(): with one reference.
mount& new_mount(mount_table& t, std::shared_ptr<super_block> sb, std::string name, unsigned flags) {
    mount& m = *t.mounts.emplace_back(std::make_unique<mount>(t, std::move(sb), std::move(name)));
    m.flags = flags;
    return m;
}

/// clone_mnt(): one more mount of the same superblock, in the same peer group.
mount& clone_mnt(const mount& of) {
    grab_super(*of.mnt_sb);
    mount& copy = new_mount(of.table, of.mnt_sb, of.name, of.flags & MNT_LOCKED);
    copy.peer_group = of.peer_group;
    return copy;
}

void list_in(mount& m, mnt_namespace& ns) {
    m.ns = &ns;
    m.mnt_ns.store(1);
    ++ns.nr_mounts;
}

/// attach_mnt(): the child holds a reference to its parent.
void attach(mount& m, const path& at, mnt_namespace& ns) {
    mnt_inc(*at.mnt);
    m.mnt_parent = at.mnt;
    m.mnt_mountpoint = at.dentry;
    at.mnt->mnt_mounts.push_back(&m);
    m.hashed = true;
    list_in(m, ns);
}

/// attach_recursive_mnt(): on a shared mount the new one is shared, and each peer gets a copy (propagate_mnt()).
void attach_shared(mount& m, const path& at, mnt_namespace& ns) {
    attach(m, at, ns);
    if (at.mnt->peer_group == 0) return;
    set_mnt_shared(m);
    for (mount* peer : peers_of(*at.mnt)) attach(clone_mnt(m), {peer, at.dentry}, *peer->ns);
}

/// do_add_mount(): graft_tree() at `at`, if that is still in the namespace.
task<int> graft(mount_table& t, mnt_namespace& ns, const path& at, mount& m) {
    const auto sem = co_await t.namespace_sem.down_write();
    const auto held = co_await t.mount_lock.lock();
    const bool there = at.mnt->ns == &ns;
    t.trace(there ? "mounted" : "mount_refused", m);
    if (!there) co_return -EINVAL;
    attach_shared(m, at, ns);
    co_return 0;
}

task<int> mount_call(mount_table& t, mnt_namespace& ns, std::string name, std::shared_ptr<super_block> sb,
                     unsigned flags) {
    path at = co_await path_lookup(t, ns, std::move(name));
    if (!at.mnt) co_return -ENOENT;
    co_await t.h.sched.preempt(point::mount_looked_up);
    mount& m = new_mount(t, sb, sb->s_id, flags);
    const int result = co_await graft(t, ns, at, m);
    if (result != 0) co_await mntput(m);
    co_await path_put(std::move(at));
    co_return result;
}

task<int> bind_call(mount_table& t, mnt_namespace& ns, std::string from, std::string to) {
    path source = co_await path_lookup(t, ns, std::move(from));
    path at = co_await path_lookup(t, ns, std::move(to));
    int result = -ENOENT;
    if (source.mnt && at.mnt) {
        mount& m = clone_mnt(*source.mnt);
        result = co_await graft(t, ns, at, m);
        if (result != 0) co_await mntput(m);
    }
    if (at.mnt) co_await path_put(std::move(at));
    if (source.mnt) co_await path_put(std::move(source));
    co_return result;
}

/// copy_tree()
mount& copy_tree(mount& of, mnt_namespace& into) {
    mount& copy = clone_mnt(of);
    list_in(copy, into);
    for (mount* child : of.mnt_mounts) {
        mount& below = copy_tree(*child, into);
        mnt_inc(copy);
        below.mnt_parent = &copy;
        below.mnt_mountpoint = child->mnt_mountpoint;
        below.hashed = true;
        copy.mnt_mounts.push_back(&below);
    }
    return copy;
}

}  // namespace

mnt_namespace& make_mnt_namespace(mount_table& t, std::string name, std::shared_ptr<super_block> sb) {
    mnt_namespace& ns = t.namespaces.emplace_back();
    ns.name = std::move(name);
    ns.root = &new_mount(t, sb, sb->s_id, 0);
    list_in(*ns.root, ns);
    return ns;
}

task<int> sys_mount(mount_table& t, mnt_namespace& ns, std::string name, std::shared_ptr<super_block> sb,
                    unsigned flags) {
    return as_syscall(t, mount_call(t, ns, std::move(name), std::move(sb), flags));
}

task<int> sys_bind(mount_table& t, mnt_namespace& ns, std::string from, std::string to) {
    return as_syscall(t, bind_call(t, ns, std::move(from), std::move(to)));
}

task<mnt_namespace*> copy_mnt_ns(mount_table& t, mnt_namespace& of, std::string name) {
    const auto sem = co_await t.namespace_sem.down_write();
    const auto held = co_await t.mount_lock.lock();
    mnt_namespace& ns = t.namespaces.emplace_back();
    ns.name = std::move(name);
    if (of.root) ns.root = &copy_tree(*of.root, ns);
    co_return &ns;
}

mount& kern_mount(mount_table& t, std::shared_ptr<super_block> sb) {
    mount& m = new_mount(t, sb, sb->s_id, MNT_INTERNAL);
    m.mnt_ns.store(1);  // MNT_NS_INTERNAL
    return m;
}

}  // namespace drainlab::kernel
