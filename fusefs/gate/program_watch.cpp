// The gate's thread that never enters ustat(): it sweeps for remounts and watches the daemon.
#include "fusefs/gate/daemon_state.hpp"
#include "fusefs/gate/program_state.hpp"
#include "fusefs/gate/sweep.hpp"
#include "fusefs/os/leave.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drainlab::gate {
namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto sweep_every = 800ms;  // a remount waits that long at most
constexpr auto sweep_look = 20ms;    // a superblock usually takes some ten microseconds

std::vector<held_superblock> to_sweep(gate& g) {
    std::vector<held_superblock> all;
    const std::lock_guard lock{g.mutex};
    for (const auto& [mount, h] : g.holds)
        if (!h.detached) all.push_back({mount, h.dev});
    return all;
}

/// Tells the daemon where sweeps hang.
void report_hanging(gate& g, sweep& s) {
    for (const auto& round : s.look()) {
        report message;
        message.kind = report_kind::stuck;
        message.op = command::sweep;
        message.mount = round->over[round->at].mount;
        message.tid = round->tid;
        message.tag = round->tag;
        (void)send(g.socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

/// Whether somebody may be waiting in an unmount: the daemon said so, or a held superblock has no mount here any more.
bool unmount_pending(gate& g) {
    if (g.pending) return true;
    const auto mounted = os::mounted_devices();
    const std::lock_guard lock{g.mutex};
    return std::any_of(g.holds.begin(), g.holds.end(), [&](const auto& h) { return !mounted.contains(h.second.dev); });
}

/// Once a second. Being silent is not being dead: what the daemon's loop does decides how long it may be.
void check_daemon(gate& g) {
    static std::int64_t last_check = now_ms();
    static std::uint64_t cpu_before = 0;
    const std::int64_t now = now_ms();
    // We ourselves were stopped or frozen, and the daemon perhaps with us: it gets its time anew.
    if (now - std::exchange(last_check, now) > 5000) g.last_heartbeat = now;
    const std::int64_t silence = now - g.last_heartbeat;
    if (silence < 2000) return;
    char place[128];
    loop_look look;
    auto state = loop_state::idle;
    if (look_at_loop(getppid(), look, place)) state = state_of_loop(look, std::exchange(cpu_before, look.cpu));
    if (silence < 1000 * patience(state).count() || !unmount_pending(g)) return;
    std::fprintf(stderr, "drainfs-gate: drainfs (%s) has been silent for %lld ms while an unmount waits: killing it\n",
                 words(state), static_cast<long long>(silence));
    syscall(SYS_pidfd_send_signal, g.daemon, SIGKILL, nullptr, 0);
}

}  // namespace

void watch_daemon(gate& g) {
    const auto tell = [&g](report_kind kind) {
        return [&g, kind](const sweep_round& round) {
            request r;
            r.op = command::sweep;
            r.tag = round.tag;
            g.report_to_daemon(kind, r, 0);
        };
    };
    static sweep s{tell(report_kind::entering), tell(report_kind::returned)};
    auto next_sweep = steady::now() + sweep_every, next_check = steady::now() + 1s;
    for (;;) {
        const auto now = steady::now();
        const auto next = s.going_on() ? now + sweep_look : std::min(next_sweep, next_check);
        pollfd ended{g.daemon, POLLIN, 0};
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now);
        if (poll(&ended, 1, std::max(0, static_cast<int>(wait.count()))) > 0) os::leave(0);
        report_hanging(g, s);
        if (steady::now() >= next_sweep) {
            s.begin(to_sweep(g));
            next_sweep = steady::now() + sweep_every;
        }
        if (steady::now() >= next_check) {
            check_daemon(g);
            os::count_reached();
            next_check = steady::now() + 1s;
        }
    }
}

}  // namespace drainlab::gate
