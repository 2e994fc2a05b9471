// How the end of a superblock is noticed: its name goes, and somebody queues for s_umount behind the gate.
#include "fusefs/control/watch/fsm.hpp"

#include <cerrno>
#include <iterator>
#include <utility>

namespace drainlab::control::watch {

using namespace std::chrono_literals;

namespace {

constexpr auto look_first = 2ms;          // from sending a probe to the first look at it; as a rule we are told before
constexpr auto gate_answers_within = 5s;  // a probe that is neither seen nor blocked after that: the gate is stuck
constexpr auto soon =
    5ms;  // a writer this soon after the detach event is as a rule the unmounter: asking it is cheaper than mountinfo
constexpr auto got_in_front = 3ms;
constexpr auto queues_within = 500ms;    // the next holder, behind a writer; the writer shall not wait longer for that
constexpr int steps_with_unmounter = 4;  // so often a probe waits for it; afterwards it has other things to do

/// When to probe after a detach event: the unmounter needs two expedited grace periods at most to get to s_umount.
instant probe_delay(int step) {
    constexpr instant first[] = {0us, 20us, 30us, 50us, 50us, 100us, 150us, 200us, 200us, 200us};
    if (step < static_cast<int>(std::size(first))) return first[step];
    if (step < 30) return 400us;  // a busy machine: the unmounter is on its way, but does not get a CPU
    return step < 2000 ? instant{3ms} : instant{15ms};
}

}  // namespace

void umount_fsm::on_detached(pid_t tid) {
    if (stage_ != stage::live) return;
    stage_ = stage::detached;
    detached_at_ = now_;
    unmounter_ = tid;
    if (trial_ == trial::none)
        probe();  // first: it is on its way while the mount is told
    else if (trial_ == trial::out)
        trial_later(trial_due::look, 0us);
    out(action::tell_detached);
}

void umount_fsm::probe() {
    if (stage_ == stage::dying || !up_ || !armed()) return;
    trial_ = trial::out;
    probe_ = new_tag();
    sweeper_ = 0;
    unmounter_waits_ = false;
    trial_began_ = now_;
    auto& o = out(action::probe);
    o.tag = probe_;
    o.tid = step_ < steps_with_unmounter ? unmounter_ : 0;
    trial_later(trial_due::look, look_first);
}

/// EINVAL: the superblock has gone meanwhile. Anything else (a signal) says nothing about it.
void umount_fsm::on_probe_returned(int error) {
    const bool passing = std::exchange(trial_, trial::none) == trial::passing;
    trial_due_ = trial_due::nothing;
    if (passing) arm_again();
    if (error != EINVAL && stage_ == stage::detached) trial_later(trial_due::probe, 1ms);
}

/// The thread got s_umount: nobody waits for it yet, or not any more.
void umount_fsm::on_trial_parked(const input& in) {
    out(action::answer_call);
    const bool ours = trial_ != trial::none && (in.tag == probe_ || (sweeper_ != 0 && in.tid == sweeper_));
    if (!ours) return;
    const bool passing = std::exchange(trial_, trial::none) == trial::passing;
    trial_due_ = trial_due::nothing;
    if (passing) arm_again();  // the writer is through
    if (stage_ == stage::detached) trial_later(trial_due::probe, probe_delay(++step_));
}

/// Nothing but a remount, if it is no unmount: the gate's own rounds end nowhere else.
void umount_fsm::on_sweep_hangs(const input& in) {
    if (trial_ != trial::none || stage_ == stage::dying || !armed()) return;
    trial_ = trial::out;
    probe_ = in.tag;
    sweeper_ = in.tid;
    unmounter_waits_ = false;
    trial_began_ = now_;
    trial_later(trial_due::look, look_first);
    writer_queued();
}

/// A trial is out and its STATFS has not arrived: is the thread blocked behind a writer, or just not there yet?
void umount_fsm::on_trial_seen(bool blocked) {
    if (trial_ == trial::none || stage_ == stage::dying) return;
    if (blocked && trial_ == trial::passing) {
        // Held, and the writer still waits: the next holder came after the last had gone, and took the lock before it.
        if (armed() && now_ - closed_at_ > got_in_front) let_go();
        return trial_later(trial_due::look, 1ms);
    }
    if (blocked) return writer_queued();
    const auto waited = now_ - trial_began_;
    if (waited > gate_answers_within) {
        out(action::kill_gate);
        return trial_later(trial_due::look, gate_answers_within);
    }
    trial_later(trial_due::look, waited < 3ms ? instant{250us} : instant{3ms});
}

void umount_fsm::writer_queued() {
    if (stage_ == stage::live) {
        out(action::poll_events);  // the event may be there already
        return;
    }
    decide();
}

/// A remount of another mount of the same superblock, at this moment, looks the same to a trial: only the unmounter
/// itself, waiting in deactivate_super(), and the table of mounts tell them apart.
void umount_fsm::decide() {
    if (trial_ != trial::out || stage_ == stage::dying) return;
    if (stage_ == stage::detached && unmounter_waits_) return dying();
    const bool ask_it = stage_ == stage::detached && unmounter_ != 0 && now_ - detached_at_ < soon;
    out(ask_it ? action::look_at_unmounter : action::look_for_mount).tid = ask_it ? unmounter_ : 0;
}

void umount_fsm::on_unmounter_seen(bool ends_it) {
    if (trial_ != trial::out || stage_ == stage::dying) return;
    if (ends_it) return dying();
    out(action::look_for_mount);
}

void umount_fsm::on_mounted(bool still) {
    if (trial_ != trial::out || stage_ == stage::dying) return;
    if (still) return let_through();
    on_detached(0);
    dying();
}

void umount_fsm::dying() {
    stage_ = stage::dying;
    trial_ = trial::none;
    arm_due_ = arm_due::nothing;
    trial_due_ = trial_due::nothing;
    out(action::tell_dying);
}

/// Somebody remounts, or freezes, a living superblock. The next holder queues behind it before the gate opens, so that
/// there is no moment after it at which an unmount would not wait.
void umount_fsm::let_through() {
    out(action::trace).text = "gate_let_through";
    trial_ = trial::passing;
    trial_began_ = now_;
    if (!asked()) arm();
    auto& o = out(action::look_at_next);
    o.tag = arming_;
}

void umount_fsm::on_next_seen(bool queued) {
    if (trial_ != trial::passing) return;
    if (asked() && !queued && now_ - trial_began_ < queues_within) return trial_later(trial_due::look_at_next, 100us);
    if (armed()) let_go();
    trial_later(trial_due::look, look_first);  // until the trial's STATFS arrives behind the writer
}

void umount_fsm::on_trial_timer() {
    switch (std::exchange(trial_due_, trial_due::nothing)) {
        case trial_due::nothing: return;
        case trial_due::probe: return trial_ == trial::none && stage_ == stage::detached ? probe() : void();
        case trial_due::look: {
            if (trial_ == trial::none || stage_ == stage::dying) return;
            out(action::look_at_trial).tag = probe_;
            return;
        }
        case trial_due::look_at_next: {
            if (trial_ == trial::passing) out(action::look_at_next).tag = arming_;
            return;
        }
    }
}

}  // namespace drainlab::control::watch
