// Names and numbers that all of the mimicked kernel shares.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace drainlab::kernel {

using sched::instant;
using sched::nanoseconds;
using sched::task;

struct host;
struct memcg;
struct backing_dev_info;
struct bdi_writeback;
struct super_block;
struct inode;
struct isw;
struct writeback_control;
class drain_policy;

/// css id of a memcg: what ownership votes are cast for. 0 is nobody, 1 the root.
using memcg_id = std::uint64_t;
using ino_t = std::uint64_t;
/// Index of a folio in its file, in pages.
using pgoff_t = std::uint64_t;

inline constexpr std::size_t page_size = 4096;
inline constexpr unsigned page_shift = 12;

/// Who asked for a switch (fs/fs-writeback.c): the majority vote in wbc_detach_inode(), the offline cleanup of a dying
/// cgroup's wb, the change of the blkcg association in wbc_attach_and_unlock_inode().
enum class producer : std::uint8_t { vote, offline, blkcg };
/// "vote", "offline" or "blkcg".
std::string_view to_string(producer by) noexcept;

// i_state bits (include/linux/fs.h), those that matter here
inline constexpr unsigned I_DIRTY_SYNC = 1u << 0;
inline constexpr unsigned I_DIRTY_PAGES = 1u << 2;
inline constexpr unsigned I_DIRTY_ALL = I_DIRTY_SYNC | I_DIRTY_PAGES;
inline constexpr unsigned I_WILL_FREE = 1u << 4;
inline constexpr unsigned I_FREEING = 1u << 5;
inline constexpr unsigned I_CLEAR = 1u << 6;
inline constexpr unsigned I_SYNC = 1u << 7;
inline constexpr unsigned I_WB_SWITCH = 1u << 13;

/// Named preemption points: the places where the real kernel may be preempted and it matters.
namespace point {
inline constexpr sched::point isw_prepared{"isw_prepared"};  ///< after each inode_prepare_wbs_switch() that said yes
inline constexpr sched::point isw_before_queue{"isw_before_queue"};  ///< all prepared, nothing queued yet
inline constexpr sched::point isw_uncounted{
    "isw_uncounted"};  ///< barrier (5.2): after call_rcu(), before the counter is raised
inline constexpr sched::point isw_pinned{"isw_pinned"};  ///< persb: between the pin and the second SB_ACTIVE test
inline constexpr sched::point isw_tested{
    "isw_tested"};  ///< under i_lock: SB_ACTIVE was seen set, the inode is not yet taken
inline constexpr sched::point isw_counted{"isw_counted"};    ///< counted, not yet prepared
inline constexpr sched::point isw_put{"isw_put"};            ///< worker: between iput() and unpin
inline constexpr sched::point sb_inactive{"sb_inactive"};    ///< umount: SB_ACTIVE is clear, the drain has not begun
inline constexpr sched::point drain_step{"drain_step"};      ///< umount: between two waits of a drain
inline constexpr sched::point evict_begins{"evict_begins"};  ///< umount: drained, eviction not begun
inline constexpr sched::point all[] = {isw_prepared, isw_before_queue, isw_pinned,  isw_tested, isw_counted,
                                       isw_put,      isw_uncounted,    sb_inactive, drain_step, evict_begins};
}  // namespace point

}  // namespace drainlab::kernel
