// Lines that fit a terminal.
#pragma once

#include <string>

namespace drainlab::cli {

/// The text with lines of at most `columns`. A longer one is broken at blanks; what follows stands
/// under the last column of the line that begins in its left half, or two further in than its
/// beginning. A word that is too long is left whole (a path is to be copied); colours take no room.
std::string fit_lines(const std::string& text, int columns);

}  // namespace drainlab::cli
