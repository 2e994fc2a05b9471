// The ways a mount can be kept busy, each as what one process does to a directory.
#pragma once

#include "controller/machine/child.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::hold {

/// What `drainctl hold --by` takes, but `drain` and `switch`.
enum class kind {
    fd,            ///< an open directory
    cwd,           ///< a working directory
    root,          ///< chroot(2)
    mmap,          ///< a mapping, without a descriptor
    child,         ///< a descriptor that a child has inherited and its parent has closed
    mount_ns,      ///< "namespace": a copy of the mount in a namespace of its own
    bind,          ///< a bind mount elsewhere
    nested,        ///< another filesystem mounted inside
    pinned_inode,  ///< an O_PATH descriptor: nothing is open, an inode is pinned
    unix_socket,   ///< a Unix socket that is bound there
    loop,          ///< a loop device whose backing file is there
    overlay,       ///< a lower layer of an overlay
    io_uring,      ///< a file registered with an io_uring, without a descriptor
    fork_race,     ///< a close-on-exec descriptor in a child that has not come to its exec yet
};

/// The word on the command line: `fd`, `pinned-inode`, ...
std::string_view name_of(kind k);
/// Nothing for a word that is none.
std::optional<kind> kind_named(std::string_view name);
/// All words, in the order of the enumeration.
std::vector<std::string> kind_names();

/// Whether a plain umount fails with EBUSY because of it.
bool blocks_umount(kind k);
/// Whether the superblock lives on after the name is gone (after a plain umount that succeeded, or a lazy one).
bool keeps_superblock(kind k);
/// The words of /proc for it (machine::holder::kind).
std::string_view seen_as(kind k);
/// One sentence for people.
std::string_view explain(kind k);

/// What a holder made besides itself, to be taken away again.
struct traces {
    std::string mounted;                        ///< a mount point to unmount
    std::string made;                           ///< a directory to remove
    int holder_child{};                         ///< pid of the process that holds, if not the caller
    std::shared_ptr<machine::child> process{};  ///< it, in the process that took it
    std::string shown;  ///< the name that the survey must show it by: a loop device, an overlay's mount point
    std::shared_ptr<os::unique_fd>
        let_go{};  ///< in the process that took it: closing this lets holder_child end by itself
};

/// Does it, in this process, which must be a child made for it: it changes its working directory, root or namespaces.
/// `scratch` is a directory of ours outside of `dir`. 0, or errno, with `step` naming what failed.
int take(kind k, const std::string& dir, const std::string& scratch, traces& left, std::string& step);

/// Takes away what `take` made. Harmless when it is gone already.
void remove(const traces& left);

}  // namespace drainlab::hold
