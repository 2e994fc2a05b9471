// The ways in which a daemon ends, as a table: what it is asked, in which state, and what it does then.
//
//     running ──asked──> draining ──all drained──> flushing ──all written, or the limit──> ended
//                            └──a second SIGTERM or SIGINT──^
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace drainlab::control {

/// draining: everything is being unmounted, drains may take their time.
/// draining_urged: likewise, and SIGTERM or SIGINT has come once: another one does not
/// wait for the drains. flushing: whatever is dirty goes to its store, within a limit.
enum class ending_state : std::uint8_t { running, draining, draining_urged, flushing, ended };
inline constexpr std::size_t ending_states = 5;

/// idle: no mount is left, and nobody asked. drained: the unmounts are
/// over, or their time is. flushed: nothing is dirty, or its time is over.
enum class ending_event : std::uint8_t { sigterm, sigint, sighup, lifeline, stop_request, idle, drained, flushed };
inline constexpr std::size_t ending_events = 8;

/// refuse: the asker is told that the daemon is stopping already.
enum class ending_action : std::uint8_t { none, drain, flush, finish, refuse };

/// What follows from an event: the state it leads to, and what the daemon does.
struct ending_step {
    ending_state next;
    ending_action action;
    bool operator==(const ending_step&) const = default;
};

/// Total: every event has its step in every state.
ending_step on(ending_state s, ending_event e) noexcept;

/// Its name, as the log has it.
std::string_view to_string(ending_event e) noexcept;

/// Thread: the loop's.
class ending {
  public:
    ending_state state() const noexcept { return state_; }
    ending_action take(ending_event e) noexcept {
        const auto step = on(state_, e);
        state_ = step.next;
        return step.action;
    }

  private:
    ending_state state_{ending_state::running};
};

}  // namespace drainlab::control
