// A trace's events as what they mean: preparations, batches, workers, drains.
#pragma once

#include "workloads/guest/trace_text.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::lab {

/// Positions in the list of events; `never` when it was not seen.
using position = std::size_t;
inline constexpr position never = std::numeric_limits<position>::max();

/// A call of a function by a task.
struct call {
    std::string function;
    int pid = 0;
    position begin = never, end = never;
    std::vector<std::size_t> inside;  ///< calls made in it, by index, in order; also those deeper down
};

/// inode_prepare_wbs_switch() that said yes or no.
struct preparation {
    std::uint64_t inode = 0, sb = 0;
    bool ok = false;
    position begin = never, end = never;
    std::size_t batch = never;  ///< the call of inode_switch_wbs() or cleanup_offline_cgwb() that made it
};

/// inode_switch_wbs_work_fn().
struct worker_run {
    std::uint64_t work = 0;
    position begin = never, end = never;
    position synchronize_begin = never, synchronize_end = never;
};

/// generic_shutdown_super().
struct unmount {
    std::uint64_t sb = 0;
    int pid = 0;
    position begin = never, drain_begin = never, drain_end = never, evict = never;
    std::optional<std::int64_t> in_flight;
    std::vector<std::size_t>
        waits;  ///< the drain's own calls, outermost ones only: synchronize_rcu, rcu_barrier, __flush_workqueue
    bool slept = false;  ///< on the superblock's counter

    bool whole() const { return drain_begin != never && drain_end != never && evict != never; }
};

/// All that was seen, each kind in the order in which it began.
struct trace_story {
    std::vector<call> calls;
    std::vector<preparation> preparations;
    std::vector<worker_run> workers;
    std::vector<unmount> unmounts;
};

/// Of events in the order of time. What begins before them or ends after them has `never` there.
trace_story read_story(const std::vector<guest::trace_event>& events);

}  // namespace drainlab::lab
