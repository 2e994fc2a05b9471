// What a guest measures of its own machine: the causes a simulator's profile is made of, and what they led to there.
#pragma once

#include "workloads/guest/parts.hpp"
#include "workloads/guest/trace_text.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::guest {

/// One machine. Lengths are medians, ns of the guest's clock; `unknown` is what could not be measured there.
struct causes {
    static constexpr std::int64_t unknown = -1;
    std::int64_t hz = unknown, cpus = unknown;
    std::int64_t wake_from_gp = unknown, rcu_normal = unknown, rcu_expedited = unknown, blimit = unknown;
    std::int64_t callback_ns =
        unknown;  ///< of one of the load's callbacks in rcu_do_batch(), with nothing else at work
    std::int64_t gp_init_ns = unknown, gp_cleanup_ns = unknown;
    std::int64_t callbacks_idle_per_s = unknown, callbacks_per_generation = unknown;
    std::int64_t mount_ns = unknown, umount_cpu_idle_ns = unknown, umount_cpu_loaded_ns = unknown;
    std::int64_t before_call_permille = unknown, in_shutdown_permille = unknown;  ///< of the umount's own time, idle
    std::int64_t cgroup_create_ns = unknown, cgroup_remove_ns = unknown, sync_write_ns = unknown;
    std::int64_t cgroup_locked_permille = unknown;  ///< of the first two, under cgroup_mutex
    std::int64_t writeback_page_ns = unknown, file_write_ns = unknown, copy_mib_ns = unknown;
    // What came of them in that guest; no profile takes these.
    std::int64_t synchronize_idle_ns = unknown, synchronize_loaded_ns = unknown;
    std::int64_t expedited_idle_ns = unknown, expedited_loaded_ns = unknown;
    std::int64_t barrier_idle_ns = unknown, barrier_loaded_ns = unknown;
    std::int64_t grace_periods_idle_per_s = unknown, grace_periods_loaded_per_s = unknown;
    std::int64_t generations_per_s = unknown;

    bool operator==(const causes&) const = default;
};

/// A figure and what it is called.
struct cause_key {
    std::string_view name;
    std::int64_t causes::*field;
};
/// The keys of the protocol's `measured` line and of a result's `guests`, in order.
std::span<const cause_key> cause_keys();

/// The lower median; `unknown` of nothing.
std::int64_t median(std::vector<std::int64_t> values);

/// Whose an entry and a return must both be to make a pair.
enum class paired_by { task, cpu };

/// Lengths of the calls of `function` whose entry (`in_NAME`) and return (`out_NAME`) were both seen.
std::vector<std::int64_t> spans_of(const std::vector<trace_event>& events, std::string_view function, paired_by how);

/// How often a probe was hit, in the text of tracefs' kprobe_profile; 0 where it is not named.
std::int64_t hits_of(std::string_view kprobe_profile, std::string_view event);

/// What was counted in some time.
struct counted {
    std::int64_t ns = 0, callbacks = 0, grace_periods = 0, generations = 0;
};
/// `count` in `ns`, per second; unknown in no time.
std::int64_t per_second(std::int64_t count, std::int64_t ns);
/// Callbacks that a generation of the load sends: those of `loaded` beyond what the machine sends without load.
std::int64_t callbacks_per_generation(const counted& idle, const counted& loaded);

/// The umount's own time, without its grace period and its drain: before the system call has detached the name, in the
/// shutdown, and after. Nothing where a phase was not seen.
struct own_time {
    std::int64_t before = 0, shutdown = 0, after = 0;
};
/// Of an unmount that was called at `begun_at` (ns, the trace's clock) and took `took_ns`.
std::optional<own_time> own_time_of(const umount_parts& p, std::int64_t begun_at, std::int64_t took_ns);
/// `part` of `whole` in a thousand, at most all of it; unknown of nothing.
std::int64_t permille(std::int64_t part, std::int64_t whole);
/// Sets the two shares from the medians of all.
void set_shares(causes& c, const std::vector<own_time>& all);

/// Whether the grace-period thread wakes synchronize_rcu(), from the text of rcutree.rcu_normal_wake_from_gp: no such
/// parameter before 6.10; negative (6.18): with at most 16 CPUs.
bool wakes_from_gp(std::string_view parameter, std::int64_t cpus);

}  // namespace drainlab::guest
