#include "tests/sim/watch/world.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace watch_world {

using drainlab::control::watch::gate_action;
using drainlab::control::watch::gate_event;
using drainlab::control::watch::stage;
using drainlab::control::watch::umount_fsm;

world::world(std::uint64_t seed, troubles t)
    : may_{t},
      time_{seed},
      sb_{time_},
      fuse_{time_, 1us, 300us},
      socket_{time_, 1us, 300us},
      fanotify_{time_, 1us, 2ms},
      runner_{std::make_unique<drainlab::control::watch::runner>(umount_fsm{1, true, t.old_holds_end ? 100ms : 0ns},
                                                                 static_cast<effects&>(*this))} {
    sb_.on_detach = [this](int thread) {
        note(fmt::format("the name goes, by {}", thread));
        fanotify_.send([this, thread] { tell({.what = event::detached, .tid = time_.one_in(3) ? 0 : thread}); });
    };
    sb_.on_last_put = [this] { claimed_at_end_ = runner_->machine().claimed(); };
    sb_.on_dead = [this] {
        passed_ = true;
        passed_drained_ = drained_;
        note(drained_ ? "the superblock is dead, drained" : "the superblock is dead, not drained");
        if (!drained_ && claimed_at_end_ && may_.gate_quiet()) broken("passed undrained while gated was claimed");
        fuse_.send([this] { connection_ends(); });
    };
}

void world::note(const std::string& what) {
    ++marks_[what];
    log(what);
}

void world::log(const std::string& what) {
    story_.push_back(fmt::format("{:>10.3f} ms  {}", static_cast<double>(time_.now().count()) / 1e6, what));
}

void world::broken(const std::string& promise) {
    note("BROKEN: " + promise);
    if (broken_.empty()) broken_ = promise;
}

// ---- the daemon
// --------------------------------------------------------------------------------------------------------

bool world::arm(std::uint64_t tag) {
    if (!gate_alive_) return false;
    log(fmt::format("  arm {}", tag & 0xffffffff));
    serve(role::arm, tag);
    return true;
}

bool world::probe(std::uint64_t tag, pid_t unmounter) {
    if (!gate_alive_ || time_.one_in(50)) return false;
    log(fmt::format("  probe {}", tag & 0xffffffff));
    serve(role::probe, tag, unmounter);
    return true;
}

bool world::blocked(std::uint64_t tag) {
    socket_.drain();
    const auto known = known_.find(tag);
    return known != known_.end() && sb_.lock.queued(known->second);
}

void world::keep_call() { holder_ = arriving_; }
void world::let_go() {
    if (holder_ == 0) return;
    log(fmt::format("  let go of thread {}", holder_));
    answer(std::exchange(holder_, 0), 0);
}

void world::tell_gated(bool held, const std::string& why) {
    if (std::exchange(told_, true)) broken("told twice");
    note(held ? "gated" : "not gated: " + why);
}

void world::tell_held(bool held) { note(held ? "holds again" : "does not hold"); }

void world::tell_dying() {
    note("dying");
    if (sb_.referenced() || sb_.deactivator == 0) broken("a mount that somebody holds is drained");
    time_.after(0us, time_.one_in(8) ? 1500ms : 15ms, [this] {
        note("drained");
        drained_ = !passed_;
        tell({.what = event::open});
    });
}

void world::kill_gate() {
    note("the daemon kills the gate");
    kill_the_gate("killed by the daemon");
}

void world::wake_at(std::optional<instant> when) {
    const auto mine = ++wakes_;
    if (!when) return;
    time_.at(std::max(*when, time_.now()) + instant{time_.below(50'000)}, [this, mine] {
        if (mine == wakes_) tell({.what = event::timer});
    });
}

void world::statfs(int id) {
    if (!connected_) return;
    socket_.drain();  // it spoke before it entered the kernel
    const auto t = threads_.find(id);
    if (t == threads_.end() || t->second.at != place::answer) return;
    t->second.read = true;
    arriving_ = id;
    log(fmt::format("  thread {} is parked, for {}", id, t->second.tag & 0xffffffff));
    const bool holds = t->second.r == role::arm;
    tell({.what = holds ? event::holder_parked : event::trial_parked, .tag = t->second.tag, .tid = id});
}

void world::answer(int id, int error) {
    const auto t = threads_.find(id);
    if (t == threads_.end() || t->second.at != place::answer) return broken("answered twice");
    time_.after(0us, 40us, [this, id, error] {
        sb_.lock.unlock(id);
        back(id, error);
    });
    t->second.at = place::outside;
}

void world::connection_ends() {
    connected_ = false;
    note("the connection ends");
    const bool waited = runner_->machine().waited_to_the_end();
    if (waited != passed_drained_)
        broken(waited ? "a record says that it waited, and it did not"
                      : "a record says that it did not wait, and it did");
    runner_->end();
    let_go();
}

// ---- the gate program
// --------------------------------------------------------------------------------------------------

void world::gate_step(gate_event what, const std::string& text) {
    for (const auto action : life_.step(time_.now(), what, text)) switch (action) {
            case gate_action::start:
                time_.after(500us, 20ms, [this] {
                    gate_alive_ = true;
                    gate_stopped_ = false;
                    ++epoch_;
                    gate_step(gate_event::hello);
                });
                break;
            case gate_action::tell_up:
                tell({.what = event::gate_up, .yes = life_.holds(), .text = life_.why_not()});
                break;
            case gate_action::tell_lost: tell({.what = event::gate_lost}); break;
            case gate_action::give_up: broken("gave up"); break;
        }
    if (const auto when = life_.wake_at()) time_.at(*when, [this] { gate_step(gate_event::timer); });
}

void world::serve(role r, std::uint64_t tag, pid_t unmounter) {
    const int id = ++last_thread_;
    threads_[id] = {r, tag};
    time_.after(2us, time_.one_in(20) ? 8ms : 500us, [this, id, r, tag, unmounter, epoch = epoch_] {
        if (epoch != epoch_ || !gate_alive_) return;
        const auto work = [this, id, r, tag, unmounter] {
            const bool waits = unmounter != 0 && deactivates(unmounter);
            if (waits) note("the gate sees the unmounter wait");
            socket_.send([this, id, r, tag, waits] {
                known_[tag] = id;
                if (r != role::probe) return;
                time_.after(0us, 50us, [this, id, tag, waits] {
                    tell({.what = event::probing, .tag = tag, .tid = id, .yes = waits});
                });
            });
            time_.after(1us, 100us, [this, id] { enter(id); });
        };
        if (gate_stopped_)
            stopped_work_.push_back(work);
        else
            work();
    });
}

void world::enter(int id) {
    const auto t = threads_.find(id);
    if (t == threads_.end() || !gate_alive_) return;
    if (sb_.dead) return back(id, EINVAL);
    t->second.at = place::queued;
    log(fmt::format("  thread {} enters, for {}", id, t->second.tag & 0xffffffff));
    sb_.lock.lock(id, false, [this, id] {
        auto& mine = threads_.at(id);
        if (sb_.dead || !connected_ || !gate_alive_ || mine.interrupted) {
            const int error = sb_.dead || !connected_ ? EINVAL : EINTR;
            sb_.lock.unlock(id);
            return back(id, error);
        }
        mine.at = place::answer;
        fuse_.send([this, id] { statfs(id); });
    });
}

void world::back(int id, int error) {
    const thread t = threads_.at(id);
    threads_.erase(id);
    if (!gate_alive_) return threads_gone();
    const auto tell_it = [this, id, t, error] {
        known_.erase(t.tag);
        if (error == 0 && t.r != role::sweep) return;
        tell({.what = event::returned, .tag = t.tag, .tid = id, .error = error});
    };
    const auto say = [this, tell_it] { time_.after(0us, 2ms, [this, tell_it] { socket_.send(tell_it); }); };
    if (gate_stopped_)
        stopped_work_.push_back(say);
    else
        say();
}

/// The gate's own round: one ustat, if it holds something.
void world::sweep() {
    bool holds = false, sweeping = false;
    for (const auto& [id, t] : threads_) {
        holds = holds || (t.r == role::arm && t.at != place::outside);
        sweeping = sweeping || t.r == role::sweep;
    }
    if (holds && !sweeping && gate_runs() && runner_->machine().at() == stage::live) {
        const auto tag = (std::uint64_t{1} << 63) + static_cast<std::uint64_t>(++last_thread_);
        serve(role::sweep, tag);
        time_.after(20ms, 60ms, [this, id = last_thread_] { hanging(id); });
    }
    if (!passed_) time_.after(700ms, 800ms, [this] { sweep(); });
}

void world::hanging(int id) {
    const auto t = threads_.find(id);
    if (t == threads_.end() || t->second.r != role::sweep || !gate_runs()) return;
    socket_.send([this, id, tag = t->second.tag] {
        known_[tag] = id;
        if (sb_.lock.queued(id)) tell({.what = event::sweep_hangs, .tag = tag, .tid = id});
    });
    time_.after(20ms, 21ms, [this, id] { hanging(id); });
}

/// A signal, the freezer, a debugger: a wait for an answer ends, one for the lock does not.
void world::interrupt(int id) {
    const auto t = threads_.find(id);
    if (t == threads_.end()) return;
    if (t->second.at == place::queued) t->second.interrupted = true;
    if (t->second.at != place::answer) return;
    if (!t->second.read) return answer(id, EINTR);  // taken out of the daemon's queue
    fuse_.send([this, id] {
        const auto still = threads_.find(id);
        if (still == threads_.end() || still->second.at != place::answer || !connected_) return;
        answer(id, EINTR);
        tell({.what = event::interrupted, .tid = id});
    });
}

void world::kill_the_gate(const char* why) {
    if (!gate_alive_) return;
    note(fmt::format("the gate dies: {}", why));
    gate_alive_ = false;
    ++epoch_;
    stopped_work_.clear();
    std::erase_if(threads_, [](const auto& t) { return t.second.at == place::outside && !t.second.read; });
    std::vector<int> all;
    for (const auto& [id, t] : threads_) all.push_back(id);
    for (const int id : all) interrupt(id);
    threads_gone();
}

/// Its end of the socket closes with the last of its threads.
void world::threads_gone() {
    if (gate_alive_ || !threads_.empty()) return;
    socket_.clear();
    time_.after(0us, 1ms, [this, epoch = epoch_] {
        if (gate_alive_ || epoch != epoch_) return;
        known_.clear();
        gate_step(gate_event::lost, "killed");
    });
}

}  // namespace watch_world
