// A regular file in use: its descriptor in the store, its size, its pages.
#pragma once
#include "fusefs/kernel/inode.hpp"
#include "fusefs/storage/shared_fd.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <fcntl.h>
#include <list>
#include <memory>
#include <string>

namespace drainlab::storage {

struct node;
struct fill_buffers;

/// What of a file is being changed: by one at a time, see change_lock. end: writeback begins nothing new meanwhile.
enum class change : std::uint8_t { none, bytes, end };

/// Counts those that have a copy of its token.
class token_count {
  public:
    using token = std::shared_ptr<const char>;
    token take() const { return token_; }
    std::size_t count() const noexcept { return static_cast<std::size_t>(token_.use_count()) - 1; }

  private:
    token token_{std::make_shared<const char>()};
};

/// Hangs on kernel::inode::fs_private and on node::data, from the first open until the inode is evicted; holds one
/// reference on
/// its node. While it exists, `size` is the file's size: the store learns of growth when the pages are written.
struct file_data {
    explicit file_data(node& f) : owner{&f} {}

    node* owner;
    std::weak_ptr<kernel::inode> inode;
    std::string path;  ///< from the mount's root, when it was opened last; for messages where the store cannot be asked
    shared_fd fd;      ///< null or open; may be closed when nobody has the file open; opened again by whoever needs it
    int fd_flags{O_RDONLY};  ///< what it was opened for: O_ACCMODE
    off_t size{};
    std::uint32_t opens{};
    std::uint64_t err_told{};  ///< i_mapping.wb_err_seq of the newest write-back error that anybody was told

    change changing{};
    token_count::token waits_closed;  ///< set: nobody has it open, but the descriptor is kept for its write-back
    token_count::token holds_bytes;   ///< set: there may be dirty pages whose bytes the store does not have
    std::list<fill_buffers*> fills;   ///< reads of the store that are under way, for the cache

    timespec mtime{}, ctime{};  ///< set by a write, told to the store after it
    bool times_pending{};       ///< they are newer than the store's
    timespec store_ctime{};     ///< the store's, as our own write-back left it: users are told `ctime` in its place
    bool writing_back{};        ///< it moves just now
    timespec known_mtime{};     ///< the store's, when last seen with no page dirty: tells changes from outside
    bool changed{};             ///< it may have moved by our doing since
    std::uint64_t seen_at{};    ///< node::changes then: another number says the same
    bool atime_due{};           ///< read from our cache only: the store has not seen it
    bool end_unsure{};          ///< something could not be written: it may end elsewhere in the store

    bool can_read() const noexcept { return fd && (fd_flags & O_ACCMODE) != O_WRONLY; }
    /// Whether its descriptor does for what is opened with `flags`. One that only writes
    /// is all that a daemon without privilege may get for a file that it must not read.
    bool has_fd(int flags) const noexcept {
        return fd && ((fd_flags & O_ACCMODE) != O_RDONLY || (flags & O_ACCMODE) == O_RDONLY);
    }
    void set_fd(data_fd got) noexcept {
        fd_flags = got.flags;
        fd = std::move(got.fd);
    }
    /// Pages that the store does not have yet, or not by write-back; one
    /// that is written to while it is under write-back counts twice.
    std::size_t unwritten_pages() const { return mapping().dirty.size() + mapping().writeback.size(); }

    kernel::address_space& mapping() const { return inode.lock()->i_mapping; }

    /// errseq_sample(): what a handle opened now has been told of write-back errors. One that nobody has seen yet it is
    /// told too.
    std::uint64_t sample_errors() const {
        const std::uint64_t newest = mapping().wb_err_seq;
        return newest == err_told ? newest : newest - 1;
    }
    /// errseq_check_and_advance(): the newest error, once for each `seen`. 0 or an errno.
    int untold_error(std::uint64_t& seen) {
        const kernel::address_space& m = mapping();
        if (m.wb_err_seq == seen) return 0;
        seen = err_told = m.wb_err_seq;
        return m.wb_err;
    }
    /// Whoever it was for has gone: it waits for the next one, as a write-back error does.
    void remember_error(int err) const { kernel::mapping_set_error(mapping(), err); }
};

}  // namespace drainlab::storage
