// The words this build knows: for `drainctl list`, for checking options and for suggestions.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/words/words.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::cli {

/// The drain policies, oldest kernel to newest.
std::vector<std::string> known_policies();

/// What `--policy` of `bench` and `sim` takes: the policies, and `all`.
std::vector<std::string> policies_and_all();

/// What `--policy` meant: the four of the published series if nothing was
/// asked for, every policy for `all`, else what was asked for, once each.
std::vector<std::string> chosen_policy_ids(const std::vector<std::string>& asked);

/// --expect-violation, as a set; exit 2 for one that is not among the `policies` of the run.
client::result<std::set<std::string>> expected_violations(const std::vector<std::string>& asked,
                                                          const std::vector<std::string>& policies);

/// `POINT=T` of --widen; exit 2 for what does not look like it. Whether there is such a point is not asked.
client::result<std::pair<std::string, words::duration>> widened_point(const std::string& word);

/// One line about a policy: what its umount waits for and the kernels it stands for.
std::string policy_summary(const std::string& policy);

/// The scenarios without a file: unmounts without any load.
const std::vector<std::string>& lazy_scenarios();
/// All scenarios, those with a file and those without, sorted.
client::result<std::vector<std::string>> known_scenarios();

/// The explorer's worlds and mutants.
client::result<std::vector<std::string>> known_worlds();
/// POLICY~HOW, those of drain policies.
client::result<std::vector<std::string>> known_mutants();

}  // namespace drainlab::cli
