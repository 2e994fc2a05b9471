// What the words of `bench` ask for: the cells, and the machine that measures them.
#pragma once
#include "controller/cli/bench_options.hpp"
#include "controller/experiment/bench.hpp"
#include "controller/real/executor.hpp"

namespace drainlab::cli {

/// All cells of a run that is about drain policies. Exit 2 for words that name none.
result<experiment::bench_options> bench_plan(const bench_options& o);
/// The daemon to be started and how it is unmounted from.
result<real::options> bench_machine(const bench_options& o);

}  // namespace drainlab::cli
