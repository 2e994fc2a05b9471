// When a mount ends, and who is made to wait for it: one mount's unmount watch as a machine without clock, socket or
// /proc.
//
// The gate holds s_umount of a superblock: its STATFS is parked with us. A detach event says that a name is gone. From
// then on a second ustat is tried again and again: as long as its STATFS arrives, somebody still holds the superblock;
// once the thread is blocked in the kernel before it could send one, a writer is queued on s_umount: the last reference
// is gone. Without a detach event, such a writer is a remount: it is let through and the gate closes again behind it.
// docs/unmount-watch.md has all transitions.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::control::watch {

/// Any monotonic clock's time; the machine is told it with every input.
using instant = std::chrono::nanoseconds;

/// What is known of the superblock. live: its name is there. detached: the name is gone, somebody may hold it. dying:
/// the last reference is gone, its unmounter waits.
enum class stage : std::uint8_t { live, detached, dying };
/// How it is held. open: not at all. arming: the gate was asked to. held: its STATFS is parked. relay: held, and a next
/// holder was asked for that is to queue behind a writer before this one lets go.
enum class hold : std::uint8_t { open, arming, held, relay };
/// The second ustat. none: not out. out: sent, or a hanging one of the gate's own. passing: it waits behind a writer
/// that is let through.
enum class trial : std::uint8_t { none, out, passing };

/// What the machine is told: by the watch's owner, the gate, the mount, the clock.
enum class event : std::uint8_t {
    add,             ///< `yes`: the gate runs and can hold; else `text` says why not
    detached,        ///< the name has gone, by thread `tid` (0: unknown)
    holder_parked,   ///< the STATFS of arming `tag`, of thread `tid`, has arrived
    trial_parked,    ///< that of probe `tag`, or of the hanging sweep's thread `tid`
    interrupted,     ///< the holder's STATFS was, and is answered
    probing,         ///< probe `tag` is about to enter the kernel in thread `tid`; `yes`: the gate has just seen the
                     ///< unmounter wait in deactivate_super()
    sweep_hangs,     ///< the gate's sweep `tag` is blocked at this superblock in thread `tid`
    returned,        ///< the arming, the probe or the sweep `tag` came back with `error`
    not_sent,        ///< the gate did not take request `tag`
    trial_seen,      ///< answer to look_at_trial and watch_trial: `yes` if it is blocked behind a writer
    next_seen,       ///< answer to look_at_next: `yes` if the next holder is
    events_polled,   ///< answer to poll_events: any `detached` was told before
    unmounter_seen,  ///< answer to look_at_unmounter: `yes` if it waits in deactivate_super()
    mounted,         ///< answer to look_for_mount: `yes` if the superblock still has a mount in our namespace
    timer,           ///< the instant of wake_at() has come
    gate_lost,       ///< the gate has died: what was asked of it is void
    gate_up,         ///< as for `add`
    open,            ///< the drain is over, or has taken too long
};

/// One event, with those of its particulars that it has.
struct input {
    event what{};
    std::uint64_t tag{};
    pid_t tid{};
    int error{};
    bool yes{};
    std::string text{};
};

/// What the machine's owner does, in this order, before it tells the next input. Answers are inputs.
enum class action : std::uint8_t {
    arm,            ///< ask the gate to hold, as `tag`
    probe,          ///< ask it for one ustat, as `tag`, once thread `tid` (if not 0) waits for s_umount
    keep_call,      ///< the STATFS just parked is the holder's: keep it
    answer_call,    ///< answer the STATFS just parked
    let_go,         ///< answer the holder's STATFS
    drop_call,      ///< it is answered already: forget it
    look_at_trial,  ///< how does the thread of `tag` stand in the kernel?
    watch_trial,  ///< look at thread `tid` for some microseconds without letting go of the CPU, and answer if it blocks
    look_at_next,       ///< as look_at_trial, for the next holder `tag`
    poll_events,        ///< read what detach events there are
    look_at_unmounter,  ///< does thread `tid`, that took the name away, wait in deactivate_super()?
    look_for_mount,     ///< is the superblock mounted in our namespace?
    tell_gated,         ///< for the first time: held (`yes`), or not and `text` says why
    tell_held,          ///< from now on held (`yes`), or not
    tell_detached,      ///< its name has gone, now
    tell_dying,         ///< the last reference is gone; somebody waits for `open`
    trace,              ///< an event called `text`
    kill_gate,          ///< it does not answer
};

/// One action, with those of its particulars that it has.
struct output {
    action what{};
    std::uint64_t tag{};
    pid_t tid{};
    bool yes{};
    std::string text{};
};

/// One mount's watch. Copyable: a copy goes on from the same state. Thread: one.
class umount_fsm {
  public:
    /// `id`: the daemon's number of the mount, below 2^31: tags are unique among all mounts. `gated`: it is to be held.
    /// `renew_after`: so old a hold is replaced by a fresh one, as the kernel limits the age of requests; 0: never.
    umount_fsm(std::uint32_t id, bool gated, instant renew_after = instant{0})
        : first_tag_{std::uint64_t{id} << 32}, renew_after_{renew_after}, gated_{gated} {}

    /// What follows from `in` at `now`; valid until the next call. Precondition: `now` never goes back.
    const std::vector<output>& step(instant now, const input& in);
    /// When `timer` is due; nothing: never.
    std::optional<instant> wake_at() const noexcept;

    stage at() const noexcept { return stage_; }
    hold how() const noexcept { return hold_; }
    trial trying() const noexcept { return trial_; }
    /// Whether somebody may be waiting in an unmount or a remount.
    bool pending() const noexcept { return stage_ != stage::live || trial_ == trial::passing; }
    /// Whether an unmount that begins now would wait: what tell_held said last.
    bool claimed() const noexcept { return claimed_; }
    /// Whether whoever unmounted it was made to wait until `open`. Final once the connection has ended.
    bool waited_to_the_end() const noexcept { return opened_; }

  private:
    enum class arm_due : std::uint8_t { nothing, arm, overdue, renew };
    enum class trial_due : std::uint8_t { nothing, probe, look, look_at_next };

    bool armed() const noexcept { return hold_ == hold::held || hold_ == hold::relay; }
    bool asked() const noexcept { return hold_ == hold::arming || hold_ == hold::relay; }
    output& out(action what) { return out_.emplace_back(output{what, 0, 0, false, {}}); }
    std::uint64_t new_tag() { return first_tag_ + ++last_; }
    void trial_later(trial_due what, instant delay);
    void arm_later(arm_due what, instant delay);

    // ---- fsm_hold.cpp: whether it is held
    void on_gate(bool up, const std::string& why);
    void on_lost();
    void arm();
    void arm_again();
    void on_parked(const input& in);
    void on_returned(const input& in);
    void on_arm_returned(int error);
    void on_arm_not_sent();
    void no_longer_held();
    void let_go();
    void on_open();
    void first_told(bool held, const std::string& why);
    void claim();
    void renew_later();
    void on_arm_timer();

    // ---- fsm_trial.cpp: whether it ends
    void on_detached(pid_t tid);
    void probe();
    void on_probe_returned(int error);
    void on_trial_parked(const input& in);
    void on_sweep_hangs(const input& in);
    void on_trial_seen(bool blocked);
    void on_next_seen(bool blocked);
    void writer_queued();
    void decide();
    void on_unmounter_seen(bool ends_it);
    void on_mounted(bool still);
    void dying();
    void let_through();
    void on_trial_timer();

    std::uint64_t first_tag_, last_{};
    std::vector<output> out_;
    instant renew_after_;
    instant now_{};
    stage stage_{stage::live};
    hold hold_{hold::open};
    trial trial_{trial::none};
    bool gated_, up_{}, told_{}, claimed_{}, opened_{};
    bool unmounter_waits_{};   // when the trial entered
    int step_{};               // how many probes have found somebody holding it
    std::uint64_t arming_{};   // tag of the arming that was asked for
    std::uint64_t held_by_{};  // of the one that holds
    std::uint64_t probe_{};    // of the trial
    pid_t holder_{}, unmounter_{}, sweeper_{};
    instant added_at_{}, detached_at_{}, trial_began_{}, closed_at_{};
    arm_due arm_due_{};
    trial_due trial_due_{};
    instant arm_at_{}, trial_at_{};
};

}  // namespace drainlab::control::watch
