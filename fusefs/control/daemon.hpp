// drainfs, put together: the loop, the model, the mounts, the API.
#pragma once
#include "fusefs/control/settings.hpp"

namespace drainlab::control {

/// Runs until told to end; the exit code: 0 fine, 1 something was held or an invariant was violated, 2 wrong
/// settings, 4 cannot run here, 5 failed. Everything made (mounts, socket, state file, gate) is gone afterwards.
int run_daemon(const settings& s);

}  // namespace drainlab::control
