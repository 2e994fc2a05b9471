#include "fusefs/control/ending.hpp"

namespace drainlab::control {
namespace {

using row = std::array<ending_step, ending_events>;

constexpr std::array<row, ending_states> table() {
    using enum ending_state;
    using enum ending_action;
    constexpr auto urged = draining_urged;
    // Two lines a state; the events in their order: sigterm, sigint, sighup, lifeline, stop_request; idle,
    // drained, flushed.
    // A SIGHUP often comes beside the signal that is meant (a closed terminal, a service manager): it urges nobody.
    // clang-format off
    return {{
        {{{urged, drain}, {urged, drain}, {draining, drain}, {draining, drain}, {draining, drain},
          {ended, finish}, {running, none}, {running, none}}},
        {{{urged, none}, {urged, none}, {draining, none}, {draining, none}, {draining, refuse},
          {draining, none}, {flushing, flush}, {draining, none}}},
        {{{flushing, flush}, {flushing, flush}, {urged, none}, {urged, none}, {urged, refuse},
          {urged, none}, {flushing, flush}, {urged, none}}},
        {{{flushing, none}, {flushing, none}, {flushing, none}, {flushing, none}, {flushing, refuse},
          {flushing, none}, {flushing, none}, {ended, finish}}},
        {{{ended, none}, {ended, none}, {ended, none}, {ended, none}, {ended, refuse},
          {ended, none}, {ended, none}, {ended, none}}},
    }};
    // clang-format on
}

constexpr auto steps = table();

constexpr std::string_view words[ending_events] = {
    "SIGTERM",    "SIGINT",           "SIGHUP",         "the lifeline closed",
    "POST /stop", "no mount is left", "all is drained", "all is flushed"};

}  // namespace

ending_step on(ending_state s, ending_event e) noexcept {
    return steps[static_cast<std::size_t>(s)][static_cast<std::size_t>(e)];
}

std::string_view to_string(ending_event e) noexcept { return words[static_cast<std::size_t>(e)]; }

}  // namespace drainlab::control
