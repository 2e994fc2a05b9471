// What the words of `race` ask for: policies, worlds, how far to search.
#pragma once
#include "controller/cli/race_run.hpp"
#include "controller/race/explore.hpp"
#include "controller/race/world_spec.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/namespace/policy.hpp"

#include <optional>
#include <vector>

namespace drainlab::cli {

using drain_list = std::vector<const kernel::drain_policy*>;
using namespace_list = std::vector<const kernel::namespace_policy*>;

/// Those of --policy, each once; without it base, race, rmbarrier and persb.
drain_list chosen_drains(const race_options& o);
/// Those of --namespace-policy, each once; without it all.
namespace_list chosen_names(const race_options& o);
/// Those of --world, or all that the policies fit; small ones first.
client::result<std::vector<race::world_spec>> chosen_worlds(const race_options& o);
/// --preemptions: nothing for `auto`, -1 for `unbounded`. Exit 2 for what is no number from 0 to 1000.
client::result<std::optional<int>> asked_bound(const race_options& o);
/// The mode, its seed and its limits; nobody helps yet.
race::search_options search_of(const race_options& o);

}  // namespace drainlab::cli
