// Policies broken on purpose, one step each. The explorer must catch every one:
// a survivor means that the worlds, or the invariants, do not see that step.
#pragma once
#include "fusefs/kernel/drain/policy.hpp"

namespace drainlab::kernel {

/// A mutant's id is "PARENT~STEP"; its summary() says what is broken.
const std::vector<const drain_policy*>& drain_mutants();

}  // namespace drainlab::kernel
