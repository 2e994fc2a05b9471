// What `bench` runs that is not about drain policies: refuses the options that do not go with it, hands on the others.
#pragma once
#include "controller/cli/bench_options.hpp"

namespace drainlab::cli {

/// Unmounting as users do it: --strategy.
result<exit_code> bench_with_strategies(const bench_options& o);
/// Unmounts without any load, on one or more kinds of mount: the lazy scenarios.
result<exit_code> bench_without_load(const bench_options& o);

}  // namespace drainlab::cli
