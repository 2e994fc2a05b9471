// Whether a superblock is held: asked for, lost by an interruption or with the gate, asked for again.
#include "fusefs/control/watch/fsm.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace drainlab::control::watch {

using namespace std::chrono_literals;

namespace {
constexpr auto arm_within = 2s;      // a new mount is not kept waiting longer for its gate
constexpr auto again_first = 1ms;    // ustat finds a superblock of before under our number: soon over
constexpr auto again_later = 100ms;  // and what else may keep the gate from holding one that it held
}  // namespace

void umount_fsm::on_gate(bool up, const std::string& why) {
    up_ = up && gated_;
    if (!up_) return first_told(false, why);
    if (stage_ != stage::dying && hold_ == hold::open) arm();
}

/// The gate's threads are gone, or go as soon as their STATFS is answered.
void umount_fsm::on_lost() {
    up_ = false;
    if (armed()) let_go();
    hold_ = hold::open;
    arming_ = 0;
    trial_ = trial::none;
    trial_due_ = trial_due::nothing;
    arm_due_ = arm_due::nothing;
    if (!told_) arm_later(arm_due::overdue, added_at_ + arm_within - now_);
}

void umount_fsm::arm() {
    arming_ = new_tag();
    hold_ = hold_ == hold::held ? hold::relay : hold::arming;
    out(action::arm).tag = arming_;
    if (!told_)
        arm_later(arm_due::overdue, added_at_ + arm_within - now_);
    else
        arm_due_ = arm_due::nothing;
}

void umount_fsm::arm_again() {
    if (up_ && stage_ != stage::dying && hold_ == hold::open && trial_ != trial::passing) arm();
}

/// The gate holds it. One that queued behind a remount and comes while the last holder is still there takes its place.
void umount_fsm::on_parked(const input& in) {
    if (stage_ == stage::dying) {
        out(action::answer_call);
        if (hold_ == hold::arming) hold_ = hold::open;
        if (hold_ == hold::relay) hold_ = hold::held;
        return;
    }
    if (armed()) let_go();
    hold_ = hold::held;
    holder_ = in.tid;
    held_by_ = in.tag;
    arming_ = 0;
    closed_at_ = now_;
    renew_later();
    out(action::keep_call);
    out(action::trace).text = "gate_closed";
    first_told(true, {});
    if (stage_ == stage::detached && trial_ == trial::none) probe();
}

/// fs.fuse.max_request_timeout ends connections that let a request grow old. Nobody notices a second holder beside the
/// first; behind a writer it waits, and takes over when that is let through.
void umount_fsm::renew_later() {
    arm_due_ = arm_due::nothing;
    if (renew_after_ > 0ns) arm_later(arm_due::renew, renew_after_);
}

/// A signal, a debugger or the freezer ends every wait for an answer: the gate's too. It is asked to hold again at
/// once; until it does, nobody waits.
void umount_fsm::no_longer_held() {
    out(action::drop_call);
    holder_ = 0;
    hold_ = hold_ == hold::relay ? hold::arming : hold::open;
    out(action::trace).text = "gate_interrupted";
    arm_again();
}

void umount_fsm::on_returned(const input& in) {
    if (armed() && in.tag == held_by_) no_longer_held();
    if (asked() && in.tag == arming_) on_arm_returned(in.error);
    if (trial_ != trial::none && in.tag == probe_) on_probe_returned(in.error);
}

void umount_fsm::on_arm_returned(int error) {
    arming_ = 0;
    hold_ = hold_ == hold::relay ? hold::held : hold::open;
    if (hold_ == hold::held) renew_later();
    if (hold_ != hold::open || stage_ == stage::dying) return;
    if (error == EINTR) return arm_again();
    // ustat(2) finds the first superblock with this device number: for a moment that can be one of before, whose number
    // ours has got, and which is still being taken down (EINVAL).
    const bool may_be_another = error == EINVAL && now_ - added_at_ < arm_within;
    if (!told_ && !may_be_another)
        return first_told(false, std::string{"the gate cannot hold it: "} + std::strerror(error));
    arm_later(arm_due::arm, may_be_another ? again_first : again_later);
}

void umount_fsm::on_arm_not_sent() {
    arming_ = 0;
    hold_ = hold_ == hold::relay ? hold::held : hold::open;
    if (hold_ == hold::held) renew_later();
    if (hold_ == hold::open && up_) arm_later(arm_due::arm, told_ ? again_later : again_first);
}

void umount_fsm::on_arm_timer() {
    const auto what = std::exchange(arm_due_, arm_due::nothing);
    if (!told_ && now_ >= added_at_ + arm_within) first_told(false, "the gate did not get to hold it");
    if (what == arm_due::arm) arm_again();
    if (what == arm_due::renew && hold_ == hold::held && stage_ != stage::dying) arm();
}

void umount_fsm::let_go() {
    holder_ = 0;
    hold_ = hold_ == hold::relay ? hold::arming : hold::open;
    out(action::let_go);
}

void umount_fsm::on_open() {
    if (!armed()) return;
    opened_ = stage_ == stage::dying;
    let_go();
    out(action::trace).text = "gate_opened";
}

void umount_fsm::first_told(bool held, const std::string& why) {
    if (std::exchange(told_, true)) return;
    claimed_ = held;
    auto& o = out(action::tell_gated);
    o.yes = held;
    o.text = why;
}

/// A next holder that waits behind the writer that is let through will have the lock before anybody who comes later.
/// Once the last reference is gone, only an interruption takes the hold away: who opens the gate ends the wait, not the
/// claim.
void umount_fsm::claim() {
    const bool holds = armed() || (trial_ == trial::passing && hold_ == hold::arming) || opened_;
    if (!told_ || holds == claimed_) return;
    claimed_ = holds;
    out(action::tell_held).yes = holds;
}

}  // namespace drainlab::control::watch
