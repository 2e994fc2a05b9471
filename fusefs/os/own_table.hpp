// What a thread does first that waits for somebody else's file system: should it still
// wait when the process has been killed, it keeps no descriptor of the others alive.
#pragma once
#include <vector>

namespace drainlab::os {

enum class own : unsigned char { descriptors, descriptors_and_umask };

/// The calling thread gets a table of its own, in which only 0 to 2 and `keep` are open; and, if asked,
/// a umask and a working directory of its own. False: denied, it still shares those of the process.
bool leave_descriptors(std::vector<int> keep, own what = own::descriptors);

/// No signal is handled in the calling thread.
void block_signals() noexcept;

}  // namespace drainlab::os
