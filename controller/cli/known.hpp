// The words this build knows: for `drainctl list`, for checking options and for suggestions.
#pragma once

#include "controller/client/failure.hpp"

#include <string>
#include <vector>

namespace drainlab::cli {

/// The drain policies, oldest kernel to newest.
std::vector<std::string> known_policies();

/// One line about a policy: what its umount waits for and the kernels it stands for.
std::string policy_summary(const std::string& policy);

/// The explorer's worlds and mutants.
client::result<std::vector<std::string>> known_worlds();
client::result<std::vector<std::string>> known_mutants();

}  // namespace drainlab::cli
