// Running a small program and waiting for it.
#pragma once

#include <string>
#include <vector>

namespace drainlab::mounts {

/// Runs `words` (looked up on PATH) with standard streams on /dev/null. Its exit code, 127 when it cannot be started, 128 + signal.
int run_program(const std::vector<std::string>& words);

}  // namespace drainlab::mounts
