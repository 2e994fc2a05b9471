#include "fusefs/control/watch/gate_fsm.hpp"

#include <utility>

namespace drainlab::control::watch {

using namespace std::chrono_literals;

namespace {
constexpr std::size_t losses_at_most =
    5;  // within `losses_within`; then it rests for longer, and nobody waits meanwhile
constexpr auto losses_within = 10s;
constexpr auto short_rest = 5ms, long_rest = 5000ms;
}  // namespace

const std::vector<gate_action>& gate_fsm::step(instant now, gate_event what, const std::string& text) {
    out_.clear();
    switch (what) {
        case gate_event::begin:
            state_ = state::starting;
            out_.push_back(gate_action::start);
            break;
        case gate_event::hello:
            if (state_ != state::starting) break;
            state_ = state::up;
            was_up_ = true;
            was_mute_ = false;
            holds_ = wanted_ && text.empty();
            why_not_ = !text.empty() ? text : wanted_ ? "" : "--umount-wait api was asked for";
            out_.push_back(gate_action::tell_up);
            break;
        case gate_event::failed:
        case gate_event::lost:
            if (state_ == state::starting || state_ == state::up) rest(now, what == gate_event::failed, text);
            break;
        case gate_event::timer:
            if (state_ != state::resting || now < wake_at_) break;
            state_ = state::starting;
            out_.push_back(gate_action::start);
            break;
    }
    return out_;
}

/// One that never ran will not the next time either: a program is missing, or forbidden. One that dies is started again
/// at once, and expected back: but not one that dies too often, twice before its first word, or cannot be started.
void gate_fsm::rest(instant now, bool cannot_start, const std::string& why) {
    if (!was_up_) {
        state_ = state::off;
        cannot(why);
        out_.push_back(gate_action::give_up);
        return;
    }
    out_.push_back(gate_action::tell_lost);
    std::erase_if(losses_, [&](instant t) { return now - t > losses_within; });
    losses_.push_back(now);
    const bool stays_mute = state_ == state::starting && std::exchange(was_mute_, true);
    const bool keeps_dying = losses_.size() > losses_at_most || stays_mute;
    if (keeps_dying || cannot_start) cannot(cannot_start ? why : "drainfs-gate keeps dying: " + why);
    wake_at_ = now + (keeps_dying || cannot_start ? instant{long_rest} : instant{short_rest});
    state_ = state::resting;
}

std::optional<instant> gate_fsm::wake_at() const noexcept {
    return state_ == state::resting ? std::optional{wake_at_} : std::nullopt;
}

}  // namespace drainlab::control::watch
