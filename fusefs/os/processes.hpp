// Which processes there are.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace drainlab::os {

/// Those that `proc` shows, by number: a look, some may have ended since. Empty if it cannot be read. Any thread.
std::vector<pid_t> processes(const std::string& proc = "/proc");

}  // namespace drainlab::os
