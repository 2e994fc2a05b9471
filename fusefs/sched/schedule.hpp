// A schedule as a short string: the choices of one run, for replay on any build.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::sched {

/// The choices of one run in order, trailing zeros left out. `preemptions` is the bound
/// they were made under (negative: none), which decides where there was a choice at all.
struct schedule {
    int preemptions{-1};
    std::vector<std::uint32_t> taken;
    bool operator==(const schedule&) const = default;
};

/// `BOUND:` then, per choice that is not 0, the number of zeros before it (base 36,
/// lower case; none if 0) and the choice as a letter, A for 1; a Z adds 25 to the
/// letter after it. "2:4Ab2B": bound 2; four zeros, 1, 398 zeros, 2. "u:" has no bound.
std::string to_string(const schedule& s);
/// The reverse; nothing if the text is not one.
std::optional<schedule> parse_schedule(std::string_view text);

}  // namespace drainlab::sched
