// Is a trace a run of the model? Traces come from our own daemon (GET /events), from a
// simulation, or from a real kernel whose events were translated into the same words.
#pragma once
#include "controller/race/subject.hpp"
#include "controller/race/world_spec.hpp"
#include "fusefs/sched/schedule.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace drainlab::race {

/// One event, in the order of the trace. `name` is one of observable_events().
struct observed {
    std::string name, sb;
    std::size_t line{};  ///< of its file, from 1
};

/// What both a kernel and the model can show of an unmount, in the model's words: isw_prepared,
/// inode_switch_wbs_queue, inode_switch_wbs (worker: an inode is switched and put), sb_inactive,
/// drain_begins, drain_synchronize_rcu, drain_rcu_barrier, drain_flush_isw_wq, drain_wait_var_event
/// (each: it has returned), drained, dead, and of a mount: mnt_unhashed, grace_period_begins,
/// grace_period_ends, without_grace_period, deferred, put_task_work, put_delayed, cleanup_mnt. A daemon
/// sees two of these from outside and says `detached` for mnt_unhashed and `dying` for cleanup_mnt.
const std::set<std::string_view>& observable_events();

/// Reads JSON Lines as /events gives them, with or without "data: ":
/// {"event":NAME,"mount":SB,...}. Events that are not observable are passed over. So is the text
/// that `report --as ftrace` writes. Exit 2 with file and line where a line is no such object.
result<std::vector<observed>> read_trace(const std::string& file);

/// What came of holding a recorded trace against a policy.
struct acceptance {
    std::string sb;
    bool accepted{};
    bool exhausted{};              ///< not accepted: no run of the model was left untried
    sched::schedule schedule;      ///< accepted: of `world`
    std::size_t matched{};         ///< events that some run could follow, at most
    std::size_t line{};            ///< not accepted: of the first event that none could
    std::string refused;           ///< its name
    std::set<std::string> wanted;  ///< what the runs would have shown instead
    world_spec world;              ///< what the trace was held against
};

/// Each superblock's life on its own, from its first event to `dead`: other superblocks' events are another trace. The
/// world has one memcg per switch (and one for a switch that left no event, if the drain waited) and an umount; under
/// a namespace policy the mount as well, lazily detached and not. Without one, events of mounts are passed over.
std::vector<acceptance> accept(const std::vector<observed>& trace, const subject& under, std::uint64_t most = 500'000);

}  // namespace drainlab::race
