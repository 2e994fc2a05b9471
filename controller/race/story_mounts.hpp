// The namespace's part of a story.
#pragma once
#include "controller/race/world.hpp"

#include <string>

namespace drainlab::race {

/// What a tracepoint about a mount means, in the kernel's words; empty if it is not worth a row.
std::string mount_words(const kernel::trace_event& e, const world_run& run);
/// Every mount but the roots: its count as memory holds it, and where it stands.
std::string mounts_text(const stage& s);

}  // namespace drainlab::race
