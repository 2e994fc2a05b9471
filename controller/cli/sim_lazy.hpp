// `sim --scenario lazy_free,lazy_held,umount_free`: namespace policies instead of drain policies.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/sim/lazy.hpp"

namespace drainlab::cli {

/// What `sim` was asked for, as far as it matters here.
struct sim_lazy_options {
    sim::lazy_run what;
    std::string profile, format = "text";
    std::optional<std::string> json, compare;
    bool reproducible = false, check = false;
};

/// The words of --namespace-policy, mutants and `all` included.
std::vector<std::string> namespace_policy_words();

/// With --check: 1 when a figure misses, 4 (with a remark) when none could be compared.
exit_code exit_of(const sim::compared& c);

/// Runs it, prints and writes the result. `stop` is asked between cycles: exit 130.
result<exit_code> simulate_lazy(const sim_lazy_options& o, const std::function<bool()>& stop);

}  // namespace drainlab::cli
