// Concurrent cycles of mount, write, umount, lazy detach and force,
// with holders and kills; everything accounted for at the end.
#pragma once

#include "controller/churn/pulse.hpp"
#include "controller/churn/worker.hpp"
#include "controller/client/failure.hpp"
#include "controller/result/churn.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace drainlab::churn {

/// How long, how many and what: the words of `drainctl churn`, checked by it.
struct options {
    int mounts = 4;
    std::chrono::nanoseconds length{std::chrono::seconds(10)};
    std::optional<std::int64_t> cycles;  ///< instead of `length`, in all
    mix weights{6, 3, 1};
    std::chrono::nanoseconds kill_daemon{0};  ///< mean time between two SIGKILLs of the daemon; 0: none
    std::uint64_t seed = 1;
    std::string policy, profile;
    std::string socket;              ///< of its daemon; empty: a place of its own
    std::string program{"drainfs"};  ///< the daemon's, as in daemon_options
    bool compare = true;             ///< the same loop on tmpfs afterwards, a fifth of the time, at most a minute
};

/// What was still there at the end; all 0 on a clean machine.
struct leftovers {
    int mounts = 0, descriptors = 0, processes = 0, cgroups = 0, files = 0;
    int daemon_descriptors =
        0;  ///< of the (last) daemon and its gate, once every mount was gone, beyond those it started with
    bool clean() const noexcept {
        return mounts == 0 && descriptors == 0 && processes == 0 && cgroups == 0 && files == 0 &&
               daemon_descriptors == 0;
    }
};

/// What one loop did. Times are of the monotonic clock.
struct outcome {
    std::string kind;  ///< drainfs, tmpfs
    tally counts;
    double elapsed_s = 0;
    std::uint64_t daemon_kills = 0;
    std::string interrupted;           ///< why it ended early, or ""
    std::int64_t began_ns = 0;         ///< on the monotonic clock
    std::optional<rate> cycles_per_s;  ///< from windows of time; nothing of a short run
    drainlab::report::churn_backlog backlog;
};

/// Both loops, and what was still there afterwards.
struct report {
    outcome ours;
    std::optional<outcome> bare;
    std::string bare_why;  ///< why there is no comparison
    leftovers left;
    bool fine() const { return ours.counts.violations.empty() && left.clean(); }
};

/// How it goes, for a line that a person watches.
struct progress {
    std::string mounts;    ///< drainfs, then tmpfs
    double share = 0;      ///< of this loop that is behind us
    std::string so_far{};  ///< "812 cycles a second [790, 834]", then how many times as many tmpfs makes
};

/// Runs it. `tell` and `stop` are called about ten times a second.
/// Needs root or a user namespace (umount2(2)): exit 4 otherwise.
client::result<report> run_churn(const options& o, const std::function<void(const progress&)>& tell,
                                 const std::function<bool()>& stop);

/// For drainlab.churn/1, without how it was made; and the text for people.
drainlab::report::churn_document document_of(const options& o, const report& r);
/// For people: figures, violations and leftovers, with a newline at its end.
std::string to_text(const report& r);

}  // namespace drainlab::churn
