#include "controller/result/result.hpp"

#include "fusefs/kernel/drain/policy.hpp"

#include <algorithm>

namespace drainlab::report {
namespace {

/// A mutant, or a kernel that has it, stands beside the policy.
std::string bare(const std::string& policy) { return policy.substr(0, policy.find_first_of("~@")); }

auto place(const std::string& policy) {
    const auto& history = kernel::drain_policies();
    const auto is_it = [id = bare(policy)](const kernel::drain_policy* p) { return p->id() == id; };
    return std::find_if(history.begin(), history.end(), is_it) - history.begin();
}

}  // namespace

const cell* find_cell(const result& r, const std::string& scenario, const std::string& policy) {
    const auto at = std::find_if(r.cells.begin(), r.cells.end(), [&](const cell& c) {
        return c.scenario == scenario && c.policy == policy && has_policy(c);
    });
    return at == r.cells.end() ? nullptr : &*at;
}

bool same_cell(const cell& a, const cell& b) {
    const auto strategy = [](const cell& c) { return c.strategy ? c.strategy->name : std::string{}; };
    return a.scenario == b.scenario && a.policy == b.policy && a.point == b.point && a.mounts == b.mounts &&
           a.namespace_policy == b.namespace_policy && strategy(a) == strategy(b);
}

bool has_policy(const cell& c) { return c.mounts == "drainfs" || c.kernel.has_value(); }

bool is_global(const std::string& policy) {
    const auto* known = kernel::find_drain_policy(bare(policy));
    return known && known->global();
}

bool shown_before(const std::string& a, const std::string& b) {
    return std::pair{place(a), a} < std::pair{place(b), b};
}

}  // namespace drainlab::report
