// A regular file in use: its descriptor in the store, its size, its pages.
#pragma once
#include "fusefs/kernel/inode.hpp"
#include "fusefs/storage/unique_fd.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <memory>

namespace drainlab::storage {

struct node;

/// Hangs on kernel::inode::fs_private and on node::data, from the first open until the inode is evicted; holds one reference on
/// its node. While it exists, `size` is the file's size: the store learns of growth when the pages are written.
struct file_data {
    explicit file_data(node& f) : owner{&f} {}

    node* owner;
    std::weak_ptr<kernel::inode> inode;
    shared_fd fd;  ///< null or open; may be closed when nobody has the file open; opened again by whoever needs it
    bool readable{}, writable{};
    off_t size{};
    std::uint32_t opens{};
    std::uint64_t err_told{};  ///< i_mapping.wb_err_seq of the newest write-back error that anybody was told

    bool waits_closed{};  ///< nobody has it open, but the descriptor is kept for its write-back
    bool holds_bytes{};   ///< there may be dirty pages whose bytes the store does not have
    bool
        times_pending{};  ///< mtime and ctime below are newer than the store's: set by a write, told to the store after it
    mutable bool times_told{};  ///< and a user has seen them
    timespec mtime{}, ctime{};
    timespec known_mtime{};  ///< the store's, when last seen with no page dirty: tells changes from outside
    std::size_t counted_dirty{}, counted_pages{};  ///< what of this file is in the cache's totals

    kernel::address_space& mapping() const { return inode.lock()->i_mapping; }
};

}  // namespace drainlab::storage
