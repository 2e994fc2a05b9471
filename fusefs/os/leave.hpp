// The end of a process that runs no exit handlers.
#pragma once

namespace drainlab::os {

/// _exit(): but in a build for scripts/coverage, what it has reached counts.
[[noreturn]] void leave(int code);

/// For a program that others end by SIGKILL: in such a build what it has reached so far counts; in any other, nothing.
void count_reached();

}  // namespace drainlab::os
