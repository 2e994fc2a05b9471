// What a search is about: a drain policy, a namespace policy, or one of each.
#pragma once
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/namespace/policy.hpp"

#include <string>
#include <vector>

namespace drainlab::race {

/// Null where the world has no such half. Policies live for ever.
struct subject {
    const kernel::drain_policy* drain{};
    const kernel::namespace_policy* names{};

    subject() = default;
    subject(const kernel::drain_policy& d) : drain{&d} {}      // NOLINT: a policy is a subject
    subject(const kernel::namespace_policy& n) : names{&n} {}  // NOLINT
    subject(const kernel::drain_policy* d, const kernel::namespace_policy* n) : drain{d}, names{n} {}

    /// "persb", "on_demand", "persb+on_demand"
    std::string id() const {
        std::string text{drain ? drain->id() : std::string_view{}};
        if (names) text += (drain ? "+" : "") + std::string{names->id()};
        return text;
    }
};

}  // namespace drainlab::race
