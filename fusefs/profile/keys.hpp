// The keys of a profile file: name, type and range of each field of kernel::profile.
#pragma once
#include "fusefs/kernel/profile.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace drainlab::profile {

/// One key. `least` and `most` are inclusive, in ns for a duration.
struct key {
    using member = std::variant<bool kernel::profile::*, int kernel::profile::*, double kernel::profile::*,
                                kernel::nanoseconds kernel::profile::*>;
    std::string_view name;
    member field;
    double least{}, most{};
    bool required{};  ///< unless `zero = true`
};

/// All of them, in the order in which docs and messages have them.
std::span<const key> keys();
/// By its name in the file; null if there is none.
const key* find_key(std::string_view name);

/// What a value of this key looks like: "an integer from 1 to 4096", "a duration like \"20us\" ...".
std::string expectation(const key& k);

/// "1.5ms" -> 1,500,000 ns. Units ns, us, ms, s. False if `text` is no duration of at least 0.
bool parse_duration(std::string_view text, kernel::nanoseconds& out);

}  // namespace drainlab::profile
