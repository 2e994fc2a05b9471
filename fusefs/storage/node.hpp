// What the kernel knows by a node id: one file of the store.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

namespace drainlab::storage {

struct file_data;

/// One file of the store, of any type. Known by its inode number. Lives while the kernel's lookup count is above 0,
/// or something of ours refers to it (a child's `parent`, an open handle, cached pages). Owned by node_table, and its
/// thread's, but for what never changes (ino, type, generation) and for `changes` and `data`, which are the loop's.
struct node {
    ino_t ino{};
    mode_t type{};  ///< S_IFMT bits
    std::atomic<std::uint64_t>
        lookups{};         ///< FUSE's nlookup: the kernel's dcache, not a model reference; anybody may look
    std::uint32_t refs{};  ///< of ours
    std::uint64_t generation{};

    // How to reach it: by one of its names in the store, or, when that name is gone, by `path` alone.
    node* parent{};    ///< holds a reference on it; null: the root, or `path` is all there is
    std::string name;  ///< in `parent`
    bool only_name{};  ///< it had no other when we were about to take that away
    unique_fd path;    ///< O_PATH; may be closed at any time unless `pinned`
    bool pinned{};
    std::list<node*>::iterator lru{};  ///< valid while `path` is open and not pinned

    std::uint64_t
        changes{};  ///< the loop's: of its bytes, size and times, by us. What the store said before one is old.
    std::shared_ptr<file_data> data;  ///< regular files in use: descriptor and page cache
    bool is_root() const noexcept { return lookups_forever; }
    bool lookups_forever{};
    bool no_capability{};  ///< known to have no security.capability, which the kernel asks for before a first write

    node();
    ~node();
};

/// The path from the mount's root, as error rules match it: "/" is the root, "/dir/file".
/// With `name`: that entry of `f`. "" when a name on the way has gone (an unlinked file).
std::string path_in_mount(const node& f, const char* name = nullptr);

}  // namespace drainlab::storage
