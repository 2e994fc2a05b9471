#include "fusefs/kernel/drain/mutants.hpp"
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

#define DRAINLAB_OWN_POLICY(name) void declare_##name(own_policies&);
#include "fusefs/kernel/drain/own_policies.inc"
#undef DRAINLAB_OWN_POLICY

const own_policies& added_policies() {
    static const own_policies all = [] {
        own_policies own;
#define DRAINLAB_OWN_POLICY(name) declare_##name(own);
#include "fusefs/kernel/drain/own_policies.inc"
#undef DRAINLAB_OWN_POLICY
        return own;
    }();
    return all;
}

const std::vector<const drain_policy*>& drain_policies() {
    static const none_policy none;
    static const pin_super_policy pin_super;
    static const flush_policy flush;
    static const barrier_policy barrier;
    static const rework_policy rework;
    static const base_policy base;
    static const race_policy race;
    static const rmbarrier_policy rmbarrier;
    static const persb_policy persb;
    static const persb_2019_policy persb_2019;
    // oldest kernel to newest; what was never merged comes last
    static const std::vector<const drain_policy*> all = [] {
        std::vector<const drain_policy*> list{&none, &pin_super, &flush,     &barrier, &rework,
                                              &base, &race,      &rmbarrier, &persb,   &persb_2019};
        list.insert(list.end(), added_policies().policies.begin(), added_policies().policies.end());
        return list;
    }();
    return all;
}

const drain_policy* find_drain_policy(std::string_view id) {
    for (const drain_policy* policy : drain_policies())
        if (policy->id() == id) return policy;
    if (id.find('~') != std::string_view::npos)
        for (const drain_policy* policy : drain_mutants())
            if (policy->id() == id) return policy;
    return nullptr;
}

std::vector<std::string_view> policy_ids() {
    std::vector<std::string_view> ids;
    for (const drain_policy* policy : drain_policies()) ids.push_back(policy->id());
    return ids;
}

}  // namespace drainlab::kernel
