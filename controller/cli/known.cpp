#include "controller/cli/known.hpp"

#include "fusefs/kernel/drain/policy.hpp"

namespace drainlab::cli {

std::vector<std::string> known_policies() {
    const auto ids = kernel::policy_ids();
    return {ids.begin(), ids.end()};
}

std::string policy_summary(const std::string& policy) {
    const auto* found = kernel::find_drain_policy(policy);
    if (!found) return {};
    return std::string(found->versions()) + ": umount waits for " + std::string(found->summary());
}

namespace {

client::failure not_built(const char* what) {
    return {"not_built",
            std::string("this build has no explorer, so it knows no ") + what,
            {},
            client::exit_code::cannot_run,
            0};
}

}  // namespace

client::result<std::vector<std::string>> known_worlds() { return not_built("worlds"); }
client::result<std::vector<std::string>> known_mutants() { return not_built("mutants"); }

}  // namespace drainlab::cli
