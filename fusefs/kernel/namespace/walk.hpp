// The lockless path walk (fs/namei.c) as far as mounts are concerned.
#pragma once
#include "fusefs/kernel/namespace/mount_table.hpp"

#include <string_view>

namespace drainlab::kernel {

/// Finds `name` ("a/b/c", relative to the namespace's root): first without references under RCU, then, if anything
/// changed meanwhile, again with a reference at each step. Every name exists (the dcache is not modelled); what is
/// looked up is which mount it is on. The result holds a reference to its mount: end it with path_put().
task<path> path_lookup(mount_table& t, mnt_namespace& ns, std::string name);
/// path_put() of a path that path_lookup() gave: the put of an open file or a working directory.
task<> path_put(path p);
/// Uses what a held path refers to: reports a superblock that is
/// already dead. Others may come in between before it returns.
task<> touch(const path& p);

/// __legitimize_mnt(): 0 a reference was taken; 1 no reference;
/// -1 a reference was taken and the caller must mntput() it.
task<int> legitimize_mnt(mount& m, std::int64_t seq);

/// What the threads of a process share: their working directory; `pwd.mnt` is null once one of them has left it.
struct fs_struct {
    path pwd;
};
/// open(2) of "." by one thread: an RCU walk that starts in the working
/// directory and holds nothing. Empty: the process is elsewhere.
task<path> sys_open_pwd(mount_table& t, fs_struct& fs);
/// chdir(2) to somewhere else, by another thread: set_fs_pwd().
task<int> sys_leave_pwd(mount_table& t, fs_struct& fs);

/// open(2) and close(2) as system calls: the last close runs the shutdown before it returns.
task<path> sys_open(mount_table& t, mnt_namespace& ns, std::string name);
/// close(2): 0. The last one of a detached mount runs the shutdown before it returns.
task<int> sys_close(mount_table& t, path file);

}  // namespace drainlab::kernel
