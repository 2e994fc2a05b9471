// Concurrent cycles of mount, write, umount, lazy detach and force, with holders and kills; everything accounted for at the end.
#pragma once

#include "controller/churn/worker.hpp"
#include "controller/client/failure.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace drainlab::churn {

struct options {
    int mounts = 4;
    std::chrono::nanoseconds length{std::chrono::seconds(10)};
    std::optional<std::int64_t> cycles;  ///< instead of `length`, in all
    mix weights{6, 3, 1};
    std::chrono::nanoseconds kill_daemon{0};  ///< mean time between two SIGKILLs of the daemon; 0: none
    std::uint64_t seed = 1;
    std::string policy, profile;
    bool compare = true;  ///< the same loop on tmpfs afterwards, a fifth of the time, at most a minute
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

struct outcome {
    std::string kind;  ///< drainfs, tmpfs
    tally counts;
    double elapsed_s = 0;
    std::uint64_t daemon_kills = 0;
    std::string interrupted;  ///< why it ended early, or ""
};

struct report {
    outcome ours;
    std::optional<outcome> bare;
    std::string bare_why;  ///< why there is no comparison
    leftovers left;
    bool fine() const { return ours.counts.violations.empty() && left.clean(); }
};

/// Runs it. `stop` is asked about 20 times a second. Needs root or a user namespace (umount2(2)): exit 4 otherwise.
client::result<report> run_churn(const options& o, const std::function<bool()>& stop);

/// drainlab.churn/1 and the text for people.
nlohmann::json to_json(const options& o, const report& r);
std::string to_text(const report& r);

}  // namespace drainlab::churn
