// What happens in a world: drawn from its seed, ended in an orderly way, and what must have come of it.
#include "tests/sim/watch/world.hpp"

#include <utility>

namespace watch_world {

using drainlab::control::watch::gate_event;
using drainlab::control::watch::hold;
using drainlab::control::watch::stage;
using drainlab::control::watch::trial;

/// One thing that may happen now. Threads below 100 are other people's.
void world::happen() {
    const int thread = 1 + time_.below(50);
    switch (time_.below(12)) {
        case 0:
            if (may_.holders && sb_.referenced()) ++sb_.holders;
            break;
        case 1: sb_.drop_holder(thread); break;
        case 2:
            if (may_.holders && sb_.named) ++sb_.copies;
            break;
        case 3:
            if (sb_.copies > waiting_) sb_.drop_copy(thread);
            break;
        case 4:
        case 5:
            if (!may_.remounts) break;
            note("a remount");
            ++waiting_;
            sb_.remount(thread, time_.one_in(10) ? instant{2s} : instant{time_.below(4'000'000)},
                        [this] { --waiting_; });
            break;
        case 6:
            if (may_.moves && sb_.named) sb_.move(thread);
            break;
        case 7:
            if (may_.interruptions && gate_runs() && !threads_.empty()) {
                note("an interruption");
                interrupt(std::next(threads_.begin(), time_.below(static_cast<int>(threads_.size())))->first);
            }
            break;
        case 8:
            if (!may_.stops || !gate_alive_ || gate_stopped_) break;
            note("the gate is stopped");
            gate_stopped_ = true;
            for (auto all = threads_; const auto& [id, t] : all) interrupt(id);
            time_.after(1ms, time_.one_in(2) ? 8s : 100ms, [this, epoch = epoch_] {
                if (epoch != epoch_ || !gate_alive_) return;
                note("the gate goes on");
                gate_stopped_ = false;
                for (auto work = std::exchange(stopped_work_, {}); const auto& one : work) one();
            });
            break;
        case 9:
            if (may_.kills) kill_the_gate("somebody killed it");
            break;
        case 10:
        case 11:
            if (time_.one_in(4)) sb_.umount(thread, time_.one_in(2));
            break;
    }
}

/// With everybody quiet for long enough, a living mount is held, and says so.
void world::check_quiet() {
    const auto& m = runner_->machine();
    if (passed_ || sb_.deactivator != 0 || waiting_ > 0 || !gate_runs()) return;
    const bool holds = holder_ != 0 && threads_.contains(holder_) && threads_.at(holder_).at == place::answer;
    if (!told_) broken("nobody was told whether it is gated");
    if (!holds) broken("the gate runs, and nobody holds the mount");
    if (m.claimed() != holds) broken("the claim is wrong");
    if (m.at() == stage::live && (m.trying() != trial::none || (m.how() != hold::held && !may_.old_holds_end)))
        broken("at rest, and not in rest");
}

void world::end_all() {
    while (sb_.holders > 0) sb_.drop_holder(60);
    while (sb_.copies > waiting_) sb_.drop_copy(61);
    if (sb_.named) sb_.umount(62, false);
}

std::string world::run() {
    gate_step(gate_event::begin);
    time_.after(0us, 10ms,
                [this] { tell({.what = event::add, .yes = life_.holds() || time_.one_in(2), .text = "not yet"}); });
    sweep();
    const auto begin = time_.now();
    for (int i = 0; i < 14; ++i) time_.after(30ms, 3s, [this] { happen(); });
    const auto quiet = [&](instant limit) {
        while (broken_.empty() && time_.go_on(limit)) {}
    };
    quiet(begin + 3s);
    while (broken_.empty() && waiting_ > 0 && time_.go_on(begin + 60s)) {}
    if (waiting_ > 0) broken("a remount waits for ever");
    quiet(time_.now() + 12s);
    check_quiet();
    end_all();
    quiet(time_.now() + 40s);
    if (!passed_) broken("the unmount waits for ever");
    if (connected_) broken("the connection did not end");
    for (const auto& [id, t] : threads_)
        if (t.at != place::outside) broken("a thread of the gate stays in the kernel");
    return broken_;
}

}  // namespace watch_world
