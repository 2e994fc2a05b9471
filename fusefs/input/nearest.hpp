// What was meant by a word that nobody knows.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::input {

/// The word of `known` nearest to `word` (edits: insert, drop, replace, swap neighbours), when it is near enough to be
/// meant: at most a third of the letters differ, or `word` is the beginning of it.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace drainlab::input
