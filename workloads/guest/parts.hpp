// What an unmount spent where, read off the probes of its own task.
#pragma once

#include "workloads/guest/trace_text.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace drainlab::guest {

/// Functions with a probe at their entry (`in_NAME`) and one at their return (`out_NAME`).
inline constexpr std::array probed{
    "cgroup_writeback_umount",   "synchronize_rcu",        "rcu_barrier",  "__flush_workqueue", "prepare_to_wait_event",
    "synchronize_rcu_expedited", "generic_shutdown_super", "evict_inodes", "sync_filesystem",   "deactivate_super"};

/// One unmount. Instants are on the monotonic clock; what was not seen stays empty.
struct umount_parts {
    std::optional<std::int64_t> detached_at, drain_begins_at, drained_at, dead_at;
    std::int64_t drain_ns = 0, synchronize_ns = 0, barrier_ns = 0, flush_ns = 0;
    std::int64_t expedited_ns = 0, sync_ns = 0, evict_ns = 0;
    int drain_calls = 0;
    int waits = 0;  ///< of the drain: grace periods, barriers, flushes, or sleeps on the superblock's counter
    std::optional<std::int64_t> in_flight;  ///< switches on the system when the drain began
};

/// The parts of the unmount whose task is `pid`. Synchronize, barrier and flush count inside cgroup_writeback_umount()
/// only.
umount_parts parts_of(const std::vector<trace_event>& events, int pid);

}  // namespace drainlab::guest
