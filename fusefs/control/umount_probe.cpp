// How the end of a superblock is noticed: its name goes, and somebody queues for s_umount behind the gate.
#include "fusefs/control/umount_watch_impl.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <spdlog/spdlog.h>

#include <iterator>
#include <sched.h>
#include <set>

namespace drainlab::control {

using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;

constexpr auto stay = 60us;  // how long a prober about to enter the kernel is watched without letting go of the CPU
constexpr auto look_first =
    2ms;  // from sending a probe to the first look at what became of it; as a rule we are told before
constexpr auto gate_answers_within = 5s;  // a probe that is neither seen nor blocked after that: the gate is stuck
constexpr auto at_once = 5ms;  // a writer this soon after the detach event is the unmounter, no need to ask mountinfo
constexpr auto got_in_front = 3ms;
constexpr auto queues_within = 500ms;    // the next holder, behind a writer; the writer shall not wait longer for that
constexpr int steps_with_unmounter = 4;  // so often a probe waits for it; afterwards it has other things to do

/// When to probe after a detach event: the unmounter needs two expedited grace periods at most to get to s_umount.
steady::duration probe_delay(int step) {
    constexpr steady::duration first[] = {0us, 20us, 30us, 50us, 50us, 100us, 150us, 200us, 200us, 200us};
    if (step < static_cast<int>(std::size(first))) return first[step];
    if (step < 30) return 400us;  // a busy machine: the unmounter is on its way, but does not get a CPU
    return step < 2000 ? steady::duration{3ms} : steady::duration{15ms};
}

std::int64_t to_ns(steady::time_point t) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

}  // namespace

void mount_watch::on_detach_event(std::uint64_t mount_id, pid_t tid) {
    if (mount_id != 0) {
        const auto found = by_mount_id_.find(mount_id);
        if (found != by_mount_id_.end()) detached(find(found->second), tid);
        return;
    }
    std::set<std::pair<dev_t, std::string>> there;
    for (const auto& line : os::read_mountinfo()) there.emplace(line.device(), line.dir);
    std::vector<entry_ptr> gone;
    for (const auto& [id, e] : entries_)
        if (!e->detached && !there.contains({e->m.dev, e->m.dir})) gone.push_back(e);
    for (const auto& e : gone) detached(e, 0);
}

void mount_watch::detached(const entry_ptr& e, pid_t tid) {
    if (!e || std::exchange(e->detached, true)) return;
    e->detached_at = steady::now();
    e->unmounter = tid;
    if (e->probe == 0)
        probe(e);  // first: it is on its way while the mount is told
    else if (!e->letting_through)
        later(e, 0us, &mount_watch::look);
    e->tell.on_detached(to_ns(e->detached_at));
}

void mount_watch::probe(const entry_ptr& e) {
    if (e->dying || !gate_ || !e->armed()) return;
    const std::uint64_t tag = ++last_tag_;
    const pid_t unmounter = e->step < steps_with_unmounter ? e->unmounter : 0;
    if (!gate_->send({gate::command::probe, e->m.id, tag, e->m.dev, 0, {}, unmounter}))
        return later(e, 1ms, &mount_watch::probe);
    e->probe = tag;
    e->sweeper = 0;
    e->probe_sent = steady::now();
    later(e, look_first, &mount_watch::look);
}

/// The prober is about to enter the kernel: it is blocked within a moment, or its STATFS arrives. Every turn of the loop in between would
/// cost a wake-up, which on a busy machine is the dearest part of an unmount.
void mount_watch::on_probing(const gate::report& r) {
    const auto e = find(r.mount);
    if (!e || e->probe != r.tag || e->dying || e->letting_through) return;
    for (const auto until = steady::now() + stay; steady::now() < until; ::sched_yield()) {
        const auto state = gate_->state_of(r.tid);
        if (state == gate::thread_state::blocked) return writer_queued(e);
        if (state != gate::thread_state::running) return;  // its STATFS is there, and waits for us
    }
}

/// Nothing but a remount, if it is no unmount: the gate's own rounds end nowhere else.
void mount_watch::on_stuck(const gate::report& r) {
    const auto e = find(r.mount);
    if (!e || e->probe != 0 || e->dying || !e->armed()) return;
    if (gate_->state_of(r.tid) != gate::thread_state::blocked) return;  // slow, or on its way; told again if it is not
    e->probe = r.tag;
    e->sweeper = r.tid;
    e->probe_sent = steady::now();
    writer_queued(e);
}

/// A probe is out and its STATFS has not arrived: is the thread blocked behind a writer, or just not there yet?
void mount_watch::look(const entry_ptr& e) {
    if (e->probe == 0 || e->dying || !gate_) return;
    const pid_t thread = gate_->thread_of(e->probe);
    const bool blocked = thread != 0 && gate_->state_of(thread) == gate::thread_state::blocked;
    if (blocked && e->letting_through) {
        // Held, and the writer still waits: the next holder came after the last had gone, and took the lock before it.
        if (e->armed() && steady::now() - e->closed_at > got_in_front) e->let_go();
        return later(e, 1ms, &mount_watch::look);
    }
    if (blocked) return writer_queued(e);
    const auto waited = steady::now() - e->probe_sent;
    if (waited > gate_answers_within) {
        spdlog::warn("drainfs-gate does not answer: killing it");
        return gate_->kill();
    }
    later(e, waited < 3ms ? steady::duration{250us} : steady::duration{3ms}, &mount_watch::look);
}

/// The prober got s_umount: nobody waits for it yet.
void mount_watch::probe_arrived(const entry_ptr& e) {
    e->probe = 0;
    e->timer.cancel();
    if (std::exchange(e->letting_through, false) && e->next_holder == 0) arm(e);  // the writer is through
    if (e->detached) later(e, probe_delay(++e->step), &mount_watch::probe);
}

void mount_watch::writer_queued(const entry_ptr& e) {
    if (!e->detached) detach_->poll();  // the event may be there already
    if (e->detached && steady::now() - e->detached_at < at_once) return dying(e);
    if (os::mounted_devices().contains(e->m.dev)) return let_through(e);
    detached(e, 0);
    dying(e);
}

void mount_watch::dying(const entry_ptr& e) {
    if (std::exchange(e->dying, true)) return;
    e->timer.cancel();
    e->tell.on_dying();
}

/// Somebody remounts, or freezes, a living superblock. The next holder queues behind it before the gate opens, so that there is no moment
/// after it at which an unmount would not wait.
void mount_watch::let_through(const entry_ptr& e) {
    emit("gate_let_through", *e);
    e->letting_through = true;
    e->probe_sent = steady::now();
    arm(e);
    open_for_writer(e);
}

void mount_watch::open_for_writer(const entry_ptr& e) {
    if (!e->letting_through) return;
    const pid_t next = e->next_holder != 0 && gate_ ? gate_->thread_of(e->next_holder) : 0;
    const bool queued = next != 0 && gate_->state_of(next) == gate::thread_state::blocked;
    if (e->next_holder != 0 && !queued && steady::now() - e->probe_sent < queues_within)
        return later(e, look_first / 20, &mount_watch::open_for_writer);
    e->let_go();
    later(e, look_first, &mount_watch::look);  // until the probe's STATFS arrives behind the writer
}

}  // namespace drainlab::control
