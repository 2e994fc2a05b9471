#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

const std::vector<const drain_policy*>& drain_policies() {
    static const base_policy base;
    static const race_policy race;
    static const rmbarrier_policy rmbarrier;
    static const persb_policy persb;
    static const std::vector<const drain_policy*> all{&base, &race, &rmbarrier, &persb};  // oldest to newest
    return all;
}

const drain_policy* find_drain_policy(std::string_view id) {
    for (const drain_policy* policy : drain_policies())
        if (policy->id() == id) return policy;
    return nullptr;
}

std::vector<std::string_view> policy_ids() {
    std::vector<std::string_view> ids;
    for (const drain_policy* policy : drain_policies()) ids.push_back(policy->id());
    return ids;
}

}  // namespace drainlab::kernel
