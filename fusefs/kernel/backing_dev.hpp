// backing_dev_info and bdi_writeback (include/linux/backing-dev-defs.h, mm/backing-dev.c).
#pragma once
#include "fusefs/kernel/memcg.hpp"
#include "fusefs/kernel/workqueue.hpp"
#include "fusefs/sched/lock.hpp"

#include <list>
#include <map>
#include <memory>
#include <vector>

namespace drainlab::kernel {

inline constexpr std::uint64_t INIT_BW = 100u << (20 - page_shift);  ///< 100 MB/s in pages per second

/// Which list of its wb an inode is on.
enum class io_list : std::uint8_t { none, b_dirty, b_io, b_more_io, b_attached };

/// wb_writeback_work: one order to a wb's flusher. Owned by the waiter, or by the wb if nobody waits.
struct wb_writeback_work {
    super_block* sb{};   ///< only this superblock, or all
    bool sync_all{};     ///< WB_SYNC_ALL: data integrity, waits
    bool for_kupdate{};  ///< only what expired
    int error{};         ///< of what was written for it: the first negative errno
    bool done{};
};

/// The writeback context of one (bdi, memcg). The root wb of a bdi belongs to the root memcg and is not counted.
/// Owned by the host until cgwb_release_workfn() frees it after the last wb_put().
struct bdi_writeback {
    bdi_writeback(backing_dev_info& on, memcg_ptr of, bool root);

    backing_dev_info& bdi;
    std::shared_ptr<backing_dev_info> keeps_bdi;  ///< null for the root wb, which the bdi owns
    memcg_ptr cg;
    const bool is_root;
    const std::uint64_t seq;  ///< order of creation: the order in which two list_locks are taken
    std::int64_t refcnt{1};   ///< percpu_ref: the initial reference is dropped by cgwb_kill()
    bool dying{};             ///< percpu_ref_kill() was called
    bool released{};
    bool freed{};  ///< with host::keep_freed: its memory is gone as far as the kernel is concerned

    sched::spinlock list_lock;
    std::list<inode*> b_dirty, b_io, b_more_io, b_attached;  ///< front is oldest
    std::int64_t stat_reclaimable{}, stat_writeback{};       ///< WB_RECLAIMABLE, WB_WRITEBACK, in folios
    std::uint64_t stat_written{};                            ///< WB_WRITTEN

    std::uint64_t avg_write_bandwidth{INIT_BW};  ///< pages per second, smoothed
    std::uint64_t write_bandwidth{INIT_BW};
    std::uint64_t written_stamp{};
    instant bw_time_stamp{};

    delayed_work dwork;  ///< wb_workfn()
    std::list<wb_writeback_work*> work_list;
    instant last_old_flush{};

    std::list<isw*> switch_wbs_ctxs;  ///< llist of switches towards this wb (v6.18)
    work_struct switch_work;          ///< inode_switch_wbs_work_fn()
    work_struct release_work;
    std::list<bdi_writeback*>::iterator offline_at{};  ///< its place in the host's offline_cgwbs while dying

    memcg_id id() const noexcept { return cg->id; }
    bool has_dirty_io() const noexcept { return !b_dirty.empty() || !b_io.empty() || !b_more_io.empty(); }
    std::list<inode*>& list(io_list which);
};

/// One per superblock by default; several superblocks may share one (two partitions of a disk).
struct backing_dev_info : std::enable_shared_from_this<backing_dev_info> {
    backing_dev_info(host& on, std::string called);

    host& h;
    std::string name;
    bool cap_writeback{true};  ///< BDI_CAP_WRITEBACK
    bool registered{true};
    int users{};  ///< superblocks on it
    sched::rwsem wb_switch_rwsem;
    std::unique_ptr<bdi_writeback> wb;                            ///< the root wb
    std::map<memcg_id, bdi_writeback*> cgwb_tree;                 ///< live wbs by memcg
    std::vector<bdi_writeback*> wb_list;                          ///< all wbs not yet released, the root first
    std::list<std::shared_ptr<backing_dev_info>>::iterator at{};  ///< its place in the host's list
};

/// bdi_alloc() + bdi_register(). Owned by the host, its superblocks and its wbs.
backing_dev_info& bdi_register(host& h, std::string name);
/// One more user: the device stays when its last superblock goes.
void bdi_get(backing_dev_info& bdi) noexcept;
/// bdi_unregister(): kills all wbs, stops the flusher of the root wb.
void bdi_unregister(backing_dev_info& bdi);
/// bdi_put(), for all at once: frees the unregistered ones that nobody refers to. Done at every bdi_register().
void bdi_reap(host& h);

/// wb_get_create(): the wb of (bdi, m), referenced; made if need be. The root wb if `m` is
/// the root, dying or offline, or the bdi is gone (the callers' fallback in the kernel).
bdi_writeback& wb_get_create(backing_dev_info& bdi, const memcg_ptr& m);
/// wb_tryget(): false if it is dying and nobody holds it any more.
bool wb_tryget(bdi_writeback& wb);
/// wb_get(): one reference more. Precondition: somebody has one.
void wb_get(bdi_writeback& wb);
/// wb_put(): the last one queues cgwb_release_workfn().
void wb_put(bdi_writeback& wb, std::int64_t n = 1);
/// cgwb_kill(): off the trees, onto offline_cgwbs; existing references keep it.
void cgwb_kill(bdi_writeback& wb);
/// Says so if `wb` is freed: `who` came too late.
void check_not_freed(const bdi_writeback& wb, std::string_view who);
/// wb_update_bandwidth(): the estimate that the foreign detection divides by, at most every 200 ms.
void wb_update_bandwidth(bdi_writeback& wb, bool force = false);

}  // namespace drainlab::kernel
