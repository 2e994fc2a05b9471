// `hold --by fd|cwd|...|switch`: a mount that is busy.
#pragma once

#include "controller/cli/hold_drain.hpp"

namespace drainlab::cli {

/// Takes hold, prints `held` once it is verified, and stays until --for is over or a signal comes; with --detach
/// prints a pid and goes.
result<exit_code> hold_busy(const hold_options& o);

}  // namespace drainlab::cli
