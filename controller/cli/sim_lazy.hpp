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
    bool reproducible = false, keep_going = false;
};

/// The words of --namespace-policy, mutants and `all` included.
std::vector<std::string> namespace_policy_words();

result<exit_code> simulate_lazy(const sim_lazy_options& o, const std::function<bool()>& stop);

}  // namespace drainlab::cli
