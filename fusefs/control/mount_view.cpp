#include "fusefs/control/mount_view.hpp"

namespace drainlab::control {

namespace {

constexpr std::string_view state_words[] = {"live", "detached", "dying", "dead", "gone"};
constexpr std::string_view phase_words[] = {"detached", "drain_begins", "drained", "dead"};

}  // namespace

std::string_view to_string(mount_state s) noexcept { return state_words[static_cast<std::size_t>(s)]; }
std::string_view to_string(phase p) noexcept { return phase_words[static_cast<std::size_t>(p)]; }

std::optional<milestone> parse_milestone(std::string_view word) noexcept {
    for (std::size_t i = 0; i < phase_count; ++i)
        if (phase_words[i] == word) return static_cast<phase>(i);
    for (std::size_t i = 0; i < std::size(state_words); ++i)
        if (state_words[i] == word) return static_cast<mount_state>(i);
    return std::nullopt;
}

std::string_view to_string(const milestone& m) noexcept {
    return std::visit([](auto one) { return to_string(one); }, m);
}

}  // namespace drainlab::control
