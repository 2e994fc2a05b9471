// Paths as the kernel writes them into tables.
#pragma once
#include <string>
#include <string_view>

namespace drainlab::os {

/// `text` of /proc/PID/mountinfo, /proc/PID/maps, /proc/swaps and the like, with `\NNN` (three octal digits) undone.
std::string without_octal(std::string_view text);

}  // namespace drainlab::os
