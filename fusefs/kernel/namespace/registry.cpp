#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

const std::vector<const namespace_policy*>& namespace_policies() {
    static const expedited_policy expedited;
    static const normal_policy normal;
    static const deferred_policy deferred;
    static const on_demand_policy on_demand;
    static const completion_policy completion;
    static const std::vector<const namespace_policy*> all{&expedited, &normal, &deferred, &on_demand, &completion};
    return all;
}

const namespace_policy* find_namespace_policy(std::string_view id) {
    for (const auto* list : {&namespace_policies(), &namespace_mutants()})
        for (const namespace_policy* policy : *list)
            if (policy->id() == id) return policy;
    return nullptr;
}

}  // namespace drainlab::kernel
