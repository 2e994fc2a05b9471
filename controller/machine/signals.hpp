// What we inherit about signals, and which of them ask us to end.
#pragma once

#include <vector>

namespace drainlab::machine {

/// Whether this process ignores it, as under nohup(1).
bool is_ignored(int signal) noexcept;

/// SIGINT, SIGTERM, SIGHUP, but those that our caller has us ignore: nohup(1) and shells' background jobs mean it.
std::vector<int> ending_signals();

/// Undoes an inherited SIG_IGN of SIGCHLD: with it the kernel reaps our children before we learn how they ended.
void see_children_end() noexcept;

}  // namespace drainlab::machine
