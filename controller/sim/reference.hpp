// Figures of others as data: workloads/reference/*.json (drainlab.reference/1).
#pragma once
#include "controller/sim/compare.hpp"

#include <map>
#include <optional>

namespace drainlab::sim {

/// Keys are those of the file.
struct reference::figures {
    using by_policy = std::map<std::string, double>;
    struct cell {
        double p50 = 0.0;
        std::optional<double> p95;
        int at_once = 1;  ///< `max_of`: their sample is a whole round of that many unmounts, so the slowest of them
    };
    struct ratio {
        std::string of, to;
        double per_waiting_call = 0.0;
    };
    struct rcu {
        std::string primitive, scenario, policy;
        double p50 = 0.0, p95 = 0.0;
    };
    struct suspect {
        std::string scenario, policy, cause;
    };
    struct own_cost {
        std::string policy;
        double theirs = 0.0, above = 0.0, below = 0.0;
    };

    std::string name, source, machine, profile;
    int cpus = 0;                             ///< of their machine; 0: the profile's
    std::map<std::string, std::string> ours;  ///< rows with another name than the policy of ours that they are about
    std::map<std::string, std::string> releases;                                 ///< of the lab's rows
    std::map<std::string, std::map<std::string, std::uint64_t>> measured;        ///< row: figures of its guest
    std::map<std::string, std::map<std::string, report::phase_figures>> phases;  ///< scenario, row
    double negligible_ms = 0.0;  ///< a part below it on both sides is shown, not judged
    std::vector<std::string> fitted;
    std::map<std::string, double> within;  ///< factor allowed: umount_p50, parts, rcu, ratio, per_call
    std::map<std::string, std::map<std::string, cell>> umount_ms;      ///< scenario, row
    std::map<std::string, std::map<std::string, by_policy>> parts_ms;  ///< scenario, row, part
    std::map<std::string, std::map<std::string, double>> waited;       ///< scenario, row: share of calls that waited
    by_policy per_call_ms, per_waiting_call_ms;
    std::map<std::string, double> weights;  ///< calls per scenario behind the per-call figures
    std::vector<ratio> ratios;
    std::vector<rcu> rcu_ms;
    std::optional<own_cost> own;
    std::vector<std::string> order, order_in;
    std::vector<suspect> suspects;
    std::vector<std::string> leaves_out;

    /// Why a cell may miss: the most special suspect.
    std::string suspected(const std::string& scenario, const std::string& policy) const;
    /// The policy of ours that a row is about: "base" of "base@6.12.95".
    std::string policy_of(const std::string& row) const { return ours.contains(row) ? ours.at(row) : row; }
    double allowed(const std::string& what) const { return within.contains(what) ? within.at(what) : 1.25; }
};

}  // namespace drainlab::sim
