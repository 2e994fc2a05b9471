#include "fusefs/control/watch/runner.hpp"

namespace drainlab::control::watch {

void runner::tell(input in) {
    inputs_.push_back(std::move(in));
    if (running_) return;
    running_ = true;
    while (!inputs_.empty() && !ended_) {
        const input next = std::move(inputs_.front());
        inputs_.pop_front();
        if (next.what == event::timer) waking_at_.reset();
        for (const output& o : fsm_.step(world_.now(), next))
            if (!ended_) carry_out(o);
    }
    running_ = false;
    if (ended_ || fsm_.wake_at() == waking_at_) return;
    waking_at_ = fsm_.wake_at();
    world_.wake_at(waking_at_);
}

void runner::carry_out(const output& o) {
    const auto answer = [&](event what, bool yes) { inputs_.push_back({what, o.tag, o.tid, 0, yes, {}}); };
    switch (o.what) {
        case action::arm: return world_.arm(o.tag) ? void() : answer(event::not_sent, false);
        case action::probe: return world_.probe(o.tag, o.tid) ? void() : answer(event::not_sent, false);
        case action::keep_call: return world_.keep_call();
        case action::answer_call: return world_.answer_call();
        case action::let_go: return world_.let_go();
        case action::drop_call: return world_.drop_call();
        case action::look_at_trial: return answer(event::trial_seen, world_.blocked(o.tag));
        case action::watch_trial: return world_.gets_blocked(o.tid) ? answer(event::trial_seen, true) : void();
        case action::look_at_next: return answer(event::next_seen, world_.blocked(o.tag));
        case action::poll_events: world_.poll_events(); return answer(event::events_polled, false);
        case action::look_at_unmounter: return answer(event::unmounter_seen, world_.deactivates(o.tid));
        case action::look_for_mount: return answer(event::mounted, world_.mounted());
        case action::tell_gated: return world_.tell_gated(o.yes, o.text);
        case action::tell_held: return world_.tell_held(o.yes);
        case action::tell_detached: return world_.tell_detached();
        case action::tell_dying: return world_.tell_dying();
        case action::trace: return world_.trace(o.text);
        case action::kill_gate: return world_.kill_gate();
    }
}

}  // namespace drainlab::control::watch
