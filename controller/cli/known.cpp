#include "controller/cli/known.hpp"

#include "controller/words/data_dir.hpp"
#include "fusefs/kernel/drain/mutants.hpp"

#include <algorithm>

namespace drainlab::cli {

std::vector<std::string> known_policies() {
    const auto ids = kernel::policy_ids();
    return {ids.begin(), ids.end()};
}

std::vector<std::string> policies_and_all() {
    auto known = known_policies();
    known.emplace_back("all");
    return known;
}

std::vector<std::string> chosen_policy_ids(const std::vector<std::string>& asked) {
    if (asked.empty()) return {"base", "race", "rmbarrier", "persb"};
    if (std::find(asked.begin(), asked.end(), "all") != asked.end()) return known_policies();
    std::vector<std::string> chosen;
    for (const auto& p : asked)
        if (std::find(chosen.begin(), chosen.end(), p) == chosen.end()) chosen.push_back(p);
    return chosen;
}

client::result<std::set<std::string>> expected_violations(const std::vector<std::string>& asked,
                                                          const std::vector<std::string>& policies) {
    for (const auto& p : asked)
        if (std::find(policies.begin(), policies.end(), p) == policies.end())
            return client::usage_error("--expect-violation " + p + ": that policy is not in this run",
                                       "it runs " + words::join(policies));
    return std::set<std::string>(asked.begin(), asked.end());
}

client::result<std::pair<std::string, words::duration>> widened_point(const std::string& word) {
    const auto equals = word.find('=');
    const auto width = equals == std::string::npos ? std::nullopt : words::parse_duration(word.substr(equals + 1));
    if (!width || equals == 0)
        return client::usage_error("--widen " + word + ": POINT=T is expected, as isw_prepared=5ms");
    return std::pair{word.substr(0, equals), *width};
}

std::string policy_summary(const std::string& policy) {
    const auto* found = kernel::find_drain_policy(policy);
    if (!found) return {};
    return std::string(found->versions()) + ": umount waits for " + std::string(found->summary());
}

client::result<std::vector<std::string>> known_worlds() { return words::data_names("worlds"); }

client::result<std::vector<std::string>> known_mutants() {
    std::vector<std::string> ids;
    for (const auto* mutant : kernel::drain_mutants()) ids.emplace_back(mutant->id());
    return ids;
}

const std::vector<std::string>& lazy_scenarios() {
    static const std::vector<std::string> names{"lazy_free", "lazy_held", "umount_free"};
    return names;
}

client::result<std::vector<std::string>> known_scenarios() {
    BOOST_OUTCOME_TRY(auto names, words::data_names("scenarios"));
    names.insert(names.end(), lazy_scenarios().begin(), lazy_scenarios().end());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace drainlab::cli
