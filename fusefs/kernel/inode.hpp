// struct inode, its page cache (address_space, folio) and the reference count that the busy check looks at.
#pragma once
#include "fusefs/kernel/backing_dev.hpp"
#include "fusefs/kernel/frn.hpp"
#include "fusefs/kernel/page_map.hpp"
#include "fusefs/kernel/page_set.hpp"

#include <list>
#include <memory>

namespace drainlab::kernel {

/// One 4 KiB page of a file. It belongs to the memcg that brought it in.
/// `data` is null in simulations and for holes that were never filled.
struct folio {
    memcg_ptr cg;
    std::unique_ptr<std::byte[]> data;
    bool uptodate{};
    bool dirty{};      ///< tagged DIRTY; change through folio_mark_dirty() and friends only
    bool writeback{};  ///< tagged WRITEBACK
    bool redirtied{};  ///< written to while under writeback
};

/// The page cache of one file: i_pages by index, with the indices of dirty and writeback folios.
struct address_space {
    page_map<folio> i_pages;
    page_set dirty, writeback;
    int wb_err{};  ///< the newest write-back error, positive errno, with a sequence for errseq_t: mapping_set_error()
    std::uint64_t wb_err_seq{};
};

/// What a filesystem does for the model's kernel. All on the model's thread.
struct address_space_operations {
    virtual ~address_space_operations() = default;
    /// Writes the dirty folios of [wbc.first, wbc.last]: for each
    /// folio_clear_dirty_for_io(), wbc_account_cgroup_owner(), folio_start_writeback(),
    /// the store's write, folio_end_writeback(). Returns 0 or a negative errno.
    virtual task<int> writepages(inode& i, writeback_control& wbc) = 0;
    /// The inode itself to the store (I_DIRTY_SYNC). Nothing by default.
    virtual task<int> write_inode(inode& i, writeback_control& wbc);
    /// ->evict_inode(): the last chance to free what hangs on `i.fs_private`. Must not block.
    virtual void evict_inode(inode& i);
    /// ->sync_fs(): with `wait` the store's own metadata is on stable storage on return.
    virtual task<int> sync_fs(super_block& sb, bool wait);
    /// ->put_super()
    virtual void put_super(super_block& sb);
};

/// A file. Owned by its superblock until evicted. `i_count` counts references taken by the model (switches, writeback
/// rounds), not the dcache: a lookup or an open handle is the mount's business, which EBUSY guards.
struct inode {
    inode(std::shared_ptr<super_block> sb, ino_t number);

    const ino_t i_ino;
    const std::shared_ptr<super_block> i_sb;
    int i_count{};
    bool in_dcache{true};  ///< a name or an open handle refers to it; cleared by inode_drop_dentry()
    bool unlinked{};       ///< i_nlink is 0: nothing needs to be written back once in_dcache is false
    unsigned i_state{};
    sched::spinlock i_lock;
    bdi_writeback* i_wb{};  ///< the owner; null until first dirtied
    frn_memory frn;
    address_space i_mapping;
    instant dirtied_when{};
    producer switched_by{};  ///< who asked for its latest switch; meaningful while I_WB_SWITCH is set

    io_list on_list{io_list::none};
    std::list<inode*>::iterator on_list_at{};

    std::shared_ptr<void> fs_private;  ///< the filesystem's own data
};

/// A page is brought in: charged to the living ancestor of `m`. The folio is new and clean.
folio& folio_add(inode& i, pgoff_t index, const memcg_ptr& m);
/// Removes a clean folio that is not under writeback; false if it cannot go.
bool folio_remove(inode& i, pgoff_t index);
/// The first half of folio_mark_dirty(): the tag, the owner and
/// its accounting; mark_inode_dirty(I_DIRTY_ALL) is still due.
void folio_tag_dirty(inode& i, pgoff_t index, const memcg_ptr& m);
/// folio_mark_dirty() + __mark_inode_dirty(I_DIRTY_ALL): attaches the inode to a wb if it has none, tags the
/// folio, accounts it to the owner's wb, puts the inode on b_dirty. `m` is the memcg of the current task.
task<> folio_mark_dirty(inode& i, pgoff_t index, const memcg_ptr& m);
/// Removes the DIRTY tag before writing; false if the folio is not dirty.
bool folio_clear_dirty_for_io(inode& i, pgoff_t index);
/// folio_start_writeback(): WRITEBACK is set, and counted for the wb. Precondition: the folio is there.
void folio_start_writeback(inode& i, pgoff_t index);
/// The store has the bytes (`error` 0) or refused them (a negative errno, remembered in i_mapping).
void folio_end_writeback(inode& i, pgoff_t index, int error = 0);
/// truncate: removes folios from `first` on, dirty or not, after waiting for writeback on them.
task<> truncate_inode_pages(inode& i, pgoff_t first);
/// Waits until no folio is under writeback.
task<> filemap_fdatawait(inode& i);

/// inode_attach_wb(): sets the owner once: the memcg given, else the root.
void inode_attach_wb(inode& i, const memcg_ptr& m);
/// __mark_inode_dirty()
task<> mark_inode_dirty(inode& i, unsigned flags);
/// Whether mark_inode_dirty(flags) would change nothing.
bool inode_is_dirty(const inode& i, unsigned flags) noexcept;
/// As if it had been dirty for dirty_expire_interval already: the next turn of the flusher writes it.
void inode_expire(inode& i) noexcept;
/// mapping_set_error(): `error` is a positive errno; each open file is told it once (errseq_t).
void mapping_set_error(address_space& m, int error) noexcept;
/// The owner's memcg id, or 0.
memcg_id inode_owner(const inode& i) noexcept;

inline void iget(inode& i) noexcept { ++i.i_count; }
/// iput(): the last put evicts at once if the superblock is no
/// longer active, or if nothing refers to the inode any more.
task<> iput(inode& i);
/// A name or handle refers to it again.
inline void inode_add_dentry(inode& i) noexcept { i.in_dcache = true; }
/// The last name and handle are gone (FORGET, unlink): evicted when clean and unreferenced.
task<> inode_drop_dentry(inode& i);
/// set_nlink(): how many names the store's file has.
inline void set_nlink(inode& i, unsigned long nlink) noexcept { i.unlinked = nlink == 0; }
/// Being evicted, or gone: whoever wants the file has to wait, and to get it anew.
inline bool inode_is_freeing(const inode& i) noexcept { return i.i_state & (I_FREEING | I_WILL_FREE | I_CLEAR); }

/// The owner's wb with its list_lock held.
struct locked_wb {
    bdi_writeback* wb{};
    sched::spinlock::guard lock;
};
/// locked_inode_to_wb_and_lock_list(): the owner may change
/// until its lock is held. Precondition: the inode has an owner.
task<locked_wb> inode_to_wb_and_lock_list(inode& i);
/// Both need the list_lock of the inode's wb.
void inode_io_list_move(inode& i, bdi_writeback& wb, io_list to);
/// inode_io_list_del_locked(): it is on no list afterwards.
void inode_io_list_del(inode& i);
/// evict(): takes list_lock, drops pages and owner, touches the superblock's percpu counters. `i` is gone afterwards.
task<> evict(inode& i);

}  // namespace drainlab::kernel
