// Results that are kept without being asked for: $XDG_STATE_HOME/drainlab, the last 50.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// Where results are kept: $XDG_STATE_HOME/drainlab, else ~/.local/state/drainlab. Empty without a home.
std::string kept_directory();

/// Keeps a document of `command` there, and removes what is older than the last 50. Its path, or nothing when it could
/// not be kept
/// (that is remarked upon and no failure).
std::optional<std::string> keep(const std::string& command, const std::string& text);

/// keep(), and a line that names the file, on standard error where `quiet` (standard output is for something else).
void keep_and_say(const std::string& command, const std::string& text, bool quiet);

/// The kept documents, newest last.
std::vector<std::string> kept_files();

inline constexpr std::size_t most_kept = 50;

}  // namespace drainlab::cli
