// The life of the gate program as a machine: started, missed, started again, given a rest when it keeps dying.
#pragma once
#include "fusefs/control/watch/fsm.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::control::watch {

/// What becomes of the gate's process.
enum class gate_event : std::uint8_t {
    begin,   ///< the daemon starts
    hello,   ///< the gate runs; `text`: why it cannot hold, or empty
    failed,  ///< it could not be started: `text`
    lost,    ///< it has died, or was killed for saying nothing: `text`
    timer,   ///< the instant of wake_at() has come
};
/// What its owner does about it.
enum class gate_action : std::uint8_t {
    start,      ///< start the program; hello, failed or lost follows
    tell_up,    ///< tell every mount gate_up
    tell_lost,  ///< tell every mount gate_lost
    give_up,    ///< the first start failed: there will be no gate
};

/// Copyable. Thread: one.
class gate_fsm {
  public:
    enum class state : std::uint8_t { off, starting, up, resting };

    explicit gate_fsm(bool wanted) : wanted_{wanted} {}

    const std::vector<gate_action>& step(instant now, gate_event what, const std::string& text = {});
    std::optional<instant> wake_at() const noexcept;
    state at() const noexcept { return state_; }
    /// Whether it holds superblocks, or will again in a moment; if not, why.
    bool holds() const noexcept { return holds_; }
    const std::string& why_not() const noexcept { return why_not_; }
    /// Whether no gate has run yet.
    bool is_first() const noexcept { return !was_up_; }

  private:
    void cannot(const std::string& why) {
        holds_ = false;
        why_not_ = why;
    }
    void rest(instant now, bool cannot_start, const std::string& why);

    bool wanted_, was_up_{}, was_mute_{}, holds_{};  // was_mute_: the last one died before its first word
    state state_{state::off};
    instant wake_at_{};
    std::string why_not_;
    std::vector<instant> losses_;
    std::vector<gate_action> out_;
};

}  // namespace drainlab::control::watch
