#include "fusefs/control/watch/fsm.hpp"

#include <algorithm>
#include <cerrno>

namespace drainlab::control::watch {

const std::vector<output>& umount_fsm::step(instant now, const input& in) {
    out_.clear();
    now_ = now;
    switch (in.what) {
        case event::add: added_at_ = now; [[fallthrough]];
        case event::gate_up: on_gate(in.yes, in.text); break;
        case event::gate_lost: on_lost(); break;
        case event::detached: on_detached(in.tid); break;
        case event::holder_parked: on_parked(in); break;
        case event::trial_parked: on_trial_parked(in); break;
        case event::interrupted:
            if (armed() && in.tid == holder_) no_longer_held();
            break;
        case event::probing:
            if (trial_ == trial::out && in.tag == probe_ && stage_ != stage::dying) {
                unmounter_waits_ = in.yes;
                out(action::watch_trial).tid = in.tid;
            }
            break;
        case event::sweep_hangs: on_sweep_hangs(in); break;
        case event::returned: on_returned(in); break;
        case event::not_sent:
            if (asked() && in.tag == arming_) on_arm_not_sent();
            if (in.tag == probe_) on_probe_returned(EAGAIN);
            break;
        case event::trial_seen: on_trial_seen(in.yes); break;
        case event::next_seen: on_next_seen(in.yes); break;
        case event::events_polled: decide(); break;
        case event::unmounter_seen: on_unmounter_seen(in.yes); break;
        case event::mounted: on_mounted(in.yes); break;
        case event::timer:
            if (arm_due_ != arm_due::nothing && arm_at_ <= now) on_arm_timer();
            if (trial_due_ != trial_due::nothing && trial_at_ <= now) on_trial_timer();
            break;
        case event::open: on_open(); break;
    }
    claim();
    return out_;
}

std::optional<instant> umount_fsm::wake_at() const noexcept {
    if (arm_due_ == arm_due::nothing && trial_due_ == trial_due::nothing) return std::nullopt;
    if (arm_due_ == arm_due::nothing) return trial_at_;
    return trial_due_ == trial_due::nothing ? arm_at_ : std::min(arm_at_, trial_at_);
}

void umount_fsm::trial_later(trial_due what, instant delay) {
    trial_due_ = what;
    trial_at_ = now_ + delay;
}

void umount_fsm::arm_later(arm_due what, instant delay) {
    arm_due_ = what;
    arm_at_ = now_ + delay;
}

}  // namespace drainlab::control::watch
