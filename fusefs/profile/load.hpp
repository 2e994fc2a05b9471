// Profiles from files: workloads/profiles/*.toml.
#pragma once
#include "fusefs/kernel/profile.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::profile {

/// A profile, or why there is none: one line that names the file, line, column and key, and what would be right.
struct load_result {
    std::optional<kernel::profile> value;
    std::string error;
    explicit operator bool() const noexcept { return value.has_value(); }
};

/// Loads a profile by file (`word` contains a '/' or ends in .toml) or by name: `DIR/profiles/NAME.toml`
/// in the first of `dirs` that has it. The profile's name is the file's. Reads files only; any thread.
load_result load_profile(std::string_view word, const std::vector<std::string>& dirs);

/// The same from text; `file` is what messages call it.
load_result parse_profile(std::string_view text, const std::string& file);

/// The names that load_profile() knows in `dirs`, sorted.
std::vector<std::string> profile_names(const std::vector<std::string>& dirs);

/// Where profiles are looked for: os::data_dirs() of the running program.
std::vector<std::string> default_data_dirs();

}  // namespace drainlab::profile
