// struct super_block and the road to its end (fs/super.c).
#pragma once
#include "fusefs/kernel/inode.hpp"
#include "fusefs/kernel/page_counts.hpp"
#include "fusefs/kernel/percpu_counter.hpp"
#include "fusefs/sched/shared.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace drainlab::kernel {

/// How many switches, by whom. Monotonic.
struct switch_stats {
    std::uint64_t queued{}, done{}, inodes{};
    std::array<std::uint64_t, 3> by_producer{};  ///< queued, indexed by producer
};

/// cgroup_writeback_umount(), measured from outside. Nanoseconds on the scheduler's clock.
struct drain_stats {
    std::uint64_t calls{}, waited{};  ///< waited: had to suspend at least once
    std::int64_t ns{};                ///< total, entry to return
    std::int64_t synchronize_ns{}, barrier_ns{}, flush_ns{}, modelled_ns{};
    std::int64_t in_flight_at_entry{};  ///< summed over calls: isw_nr_in_flight
};

/// When a shutdown reached what. instant{} (zero) where it has not.
struct shutdown_phases {
    instant drain_begins{}, drained{}, dead{};
};

enum class sb_state : std::uint8_t { live, dying, dead };

/// Shared by its inodes, so that a leaked one can still be told what it belongs to; "freed"
/// is modelled by `state` and by the percpu counters, never by the machine's memory.
struct super_block : std::enable_shared_from_this<super_block> {
    super_block(host& on, std::string name, backing_dev_info& bdi, address_space_operations& ops,
                const drain_policy& policy);

    host& h;
    const std::string s_id;
    backing_dev_info& s_bdi;
    const std::shared_ptr<backing_dev_info> keeps_bdi;
    address_space_operations& ops;  ///< not called once `state` is dead: its owner may free it then
    const drain_policy* policy;     ///< change through set_drain_policy()

    sched::shared s_active_flag;  ///< SB_ACTIVE: 1, then 0 for ever
    sched::rwsem s_umount;
    int s_active{1};  ///< deactivate_super() at 0 kills
    std::unordered_map<ino_t, std::shared_ptr<inode>> s_inodes;
    sched::shared s_isw_nr_in_flight;  ///< persb: inodes of switches in flight
    percpu_counter s_es_stats;         ///< freed by put_super, touched by every eviction
    sb_state state{sb_state::live};
    int switch_hold{};  ///< >0: new switches are refused (policy change)

    // seen from outside
    page_counts* counts{};         ///< its filesystem's, of all folios of its files; null: nobody counts them
    std::int64_t own_in_flight{};  ///< inodes of this superblock between prepare and the worker's put, any policy
    switch_stats switches;
    drain_stats drain;
    bool drain_waited{};  ///< this call of cgroup_writeback_umount() had to wait
    shutdown_phases phases;
    nanoseconds drain_hold{0};                             ///< change through set_drain_hold()
    std::function<void(std::string_view phase)> on_phase;  ///< "drain_begins", "drained", "dead"

    bool active() const { return s_active_flag.load() != 0; }
    /// A name for wait queues: "a switch of this superblock was queued".
    const void* isw_queued_key() const noexcept { return &switches; }
};

/// A new, active superblock. Without `bdi` it gets one of its own.
std::shared_ptr<super_block> sget(host& h, std::string name, address_space_operations& ops, const drain_policy& policy,
                                  backing_dev_info* bdi = nullptr);
/// The inode `ino` of `sb`, made if need be. Not referenced;
/// valid until evicted. DRAINLAB_CHECKs that `sb` is not dead.
std::shared_ptr<inode> iget_locked(super_block& sb, ino_t ino);

/// grab_super(): one more active reference, of a superblock that has some.
void grab_super(super_block& sb) noexcept;
/// deactivate_super(): drops one active reference; the last one
/// shuts down, in the caller's task, and returns when dead.
task<> deactivate_super(super_block& sb);
/// generic_shutdown_super(): sync, clear SB_ACTIVE,
/// cgroup_writeback_umount(), evict, put_super, busy check. s_umount is held.
task<> generic_shutdown_super(super_block& sb);
/// cgroup_writeback_umount(): the drain of the superblock's policy, with its time taken.
task<> cgroup_writeback_umount(super_block& sb);
/// evict_inodes(): those nobody references.
task<> evict_inodes(super_block& sb);
/// Fault: the drain takes at least `hold`, counted from its beginning; 0 ends one under way.
void set_drain_hold(super_block& sb, nanoseconds hold);
/// Changes the policy of a live superblock: new switches are refused until those in
/// flight are done, so that none begins under one protocol and ends under another.
task<> set_drain_policy(super_block& sb, const drain_policy& policy);

}  // namespace drainlab::kernel
