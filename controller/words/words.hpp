// Small words: durations and suggestions, read the same way on every command line and in every file.
#pragma once
#include "fusefs/input/nearest.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::words {

/// What durations are parsed into.
using duration = std::chrono::nanoseconds;

/// Parses `200ms`, `5s`, `2m`, `1.5` (a bare number is seconds); also `ns`, `us`, `h`. Nothing when it is not one, is
/// negative, or does not fit (292 years).
std::optional<duration> parse_duration(std::string_view text);

/// A duration as people write it: the largest unit that keeps it short (`1.5s`, `200ms`, `0s`).
std::string show_duration(duration length);

using input::nearest;

/// `a, b, c`.
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace drainlab::words
