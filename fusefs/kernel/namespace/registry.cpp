#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

#define DRAINLAB_OWN_POLICY(name) void declare_##name(own_namespace_policies&);
#include "fusefs/kernel/namespace/own_policies.inc"
#undef DRAINLAB_OWN_POLICY

const own_namespace_policies& added_namespace_policies() {
    static const own_namespace_policies all = [] {
        own_namespace_policies own;
#define DRAINLAB_OWN_POLICY(name) declare_##name(own);
#include "fusefs/kernel/namespace/own_policies.inc"
#undef DRAINLAB_OWN_POLICY
        return own;
    }();
    return all;
}

const std::vector<const namespace_policy*>& namespace_policies() {
    static const expedited_policy expedited;
    static const normal_policy normal;
    static const deferred_policy deferred;
    static const on_demand_policy on_demand;
    static const completion_policy completion;
    static const std::vector<const namespace_policy*> all = [] {
        std::vector<const namespace_policy*> list{&expedited, &normal, &deferred, &on_demand, &completion};
        list.insert(list.end(), added_namespace_policies().policies.begin(), added_namespace_policies().policies.end());
        return list;
    }();
    return all;
}

const namespace_policy* find_namespace_policy(std::string_view id) {
    for (const auto* list : {&namespace_policies(), &namespace_mutants()})
        for (const namespace_policy* policy : *list)
            if (policy->id() == id) return policy;
    return nullptr;
}

}  // namespace drainlab::kernel
