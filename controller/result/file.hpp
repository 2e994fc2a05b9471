// Files written whole, or not at all.
#pragma once

#include <string>

namespace drainlab::report {

/// Writes a file so that nobody ever sees half of it: a new file beside it is filled, synced and renamed over it. What
/// is no regular
/// file (a pipe, a terminal, /dev/null) is written to as it is. Returns what went wrong ("PATH: No space left on
/// device"), empty when all is well;
/// then `path` is what it was before.
std::string write_file(const std::string& path, const std::string& text);

/// Whether write_file() could begin: what is wrong, or empty. Leaves nothing behind.
std::string check_writable(const std::string& path);

}  // namespace drainlab::report
