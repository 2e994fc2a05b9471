// The ways a mount can be kept busy, each as what one process does to a directory.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::hold {

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
};

std::string_view name_of(kind k);
std::optional<kind> kind_named(std::string_view name);
std::vector<std::string> kind_names();

/// Whether a plain umount fails with EBUSY because of it.
bool blocks_umount(kind k);
/// Whether the superblock lives on after the name is gone (after a plain umount that succeeded, or a lazy one).
bool keeps_superblock(kind k);
/// The words of /proc for it (client::holder::kind).
std::string_view seen_as(kind k);
/// One sentence for people.
std::string_view explain(kind k);

/// What a holder made besides itself, to be taken away again.
struct traces {
    std::string mounted;  ///< a mount point to unmount
    std::string made;     ///< a directory to remove
    int holder_child{};   ///< pid of the process that holds, if not the caller
};

/// Does it, in this process, which must be a child made for it: it changes its working directory, root or namespaces. `scratch`
/// is a directory of ours outside of `dir`. 0, or errno, with `step` naming what failed.
int take(kind k, const std::string& dir, const std::string& scratch, traces& left, std::string& step);

/// Takes away what `take` made. Harmless when it is gone already.
void remove(const traces& left);

}  // namespace drainlab::hold
