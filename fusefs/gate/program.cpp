#include "fusefs/gate/program.hpp"

#include "fusefs/gate/calls.hpp"
#include "fusefs/gate/daemon_state.hpp"
#include "fusefs/gate/protocol.hpp"
#include "fusefs/gate/short_slice.hpp"
#include "fusefs/gate/small_thread.hpp"
#include "fusefs/gate/sweep.hpp"
#include "fusefs/gate/thread_place.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <poll.h>
#include <signal.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drainlab::gate {
namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto sweep_every = 800ms;  // a remount waits that long at most
constexpr auto sweep_look = 20ms;    // a superblock usually takes some ten microseconds
constexpr auto unmounter_within = 400us;
constexpr auto between_looks = 15us;
constexpr auto out_of_the_way = 2ms;
constexpr int idle_limit = 4;

/// A superblock that threads of ours hold; two for a moment when the gate closes again behind a remount.
struct held {
    dev_t dev{};
    int holders{};
    bool detached{};  ///< probed: the daemon watches it already
};

/// What the gate's threads share.
struct gate {
    int socket{};
    int daemon{-1};  ///< pidfd
    std::atomic<int> idle{0};
    std::atomic<std::int64_t> last_heartbeat{0};
    std::atomic<bool> pending{false};
    std::mutex mutex;                     // innermost
    std::map<std::uint32_t, held> holds;  ///< guarded by mutex: by the daemon's number of the mount

    void report_to_daemon(report_kind kind, const request& r, int error) const {
        static thread_local const pid_t self = gettid();
        report message;
        message.kind = kind;
        message.op = r.op;
        message.mount = r.mount;
        message.tid = self;
        message.error = error;
        message.tag = r.tag;
        // A full queue can only mean a daemon that does not read: the watchdog's business. Blocking here is fine.
        (void)send(socket, &message, sizeof message, MSG_NOSIGNAL);
    }
};

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now().time_since_epoch()).count();
}

/// Enters ustat(). When it returns, a superblock is as a rule being taken down, by somebody who needs the CPU more than
/// we do: what the daemon is told it is told a little later.
void enter(gate& g, const request& r) {
    g.report_to_daemon(report_kind::entering, r, 0);
    const int error = call_ustat(r.dev);
    if (error == 0) return;
    std::this_thread::sleep_for(out_of_the_way);
    g.report_to_daemon(report_kind::returned, r, error);
}

void hold(gate& g, const request& r) {
    {
        const std::lock_guard lock{g.mutex};
        auto& h = g.holds[r.mount];
        h = {static_cast<dev_t>(r.dev), h.holders + 1, false};
    }
    enter(g, r);
    const std::lock_guard lock{g.mutex};
    const auto h = g.holds.find(r.mount);
    if (--h->second.holders == 0) g.holds.erase(h);
}

/// Waits until the unmounting thread `tid` waits for s_umount: from then on a probe says what there is to know. Not
/// long: it may never do so, because somebody else holds the superblock.
void wait_for_unmounter(pid_t tid) {
    const thread_watch unmounter{tid};
    const auto until = steady::now() + unmounter_within;
    auto place = thread_place::nowhere;
    const auto there = [&] { return place == thread_place::deactivate_super || place == thread_place::s_umount; };
    while (unmounter.look(place) && !there() && steady::now() < until)
        std::this_thread::sleep_for(between_looks);  // not a spin: it, or its grace period, may wait for this very CPU
}

void probe(gate& g, const request& r) {
    {
        const std::lock_guard lock{g.mutex};
        if (const auto h = g.holds.find(r.mount); h != g.holds.end()) h->second.detached = true;
    }
    if (r.tid != 0) wait_for_unmounter(r.tid);
    enter(g, r);
}

void carry_out(gate& g, const request& r) {
    switch (r.op) {
        case command::arm: return hold(g, r);
        case command::probe: return probe(g, r);
        case command::heartbeat:
            g.last_heartbeat = now_ms();
            g.pending = (r.flags & flag_pending) != 0;
            return;
        case command::umount:
            g.report_to_daemon(report_kind::entering, r, 0);
            return g.report_to_daemon(report_kind::returned, r, call_umount(r));
        case command::sweep: return;
    }
}

void start_worker(gate& g);

/// Takes commands until the daemon is gone. Ends when enough others wait already.
void serve(gate& g) {
    char buffer[request_limit];
    for (;;) {
        const ssize_t got = recv(g.socket, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) _exit(0);  // the daemon is gone: its death has freed, or will free, every thread of ours
        const auto r = decode_request({buffer, static_cast<std::size_t>(got)});
        if (!r) continue;
        if (r->op == command::heartbeat) {
            carry_out(g, *r);
            continue;
        }
        // The next one is there when it is needed: a probe, in the middle of an unmount, shall find a thread.
        if (--g.idle < (r->op == command::arm ? 2 : 1)) start_worker(g);
        carry_out(g, *r);
        if (++g.idle > idle_limit) {
            if (--g.idle >= 1) return;
            ++g.idle;
        }
    }
}

/// One more thread that waits for commands.
void start_worker(gate& g) {
    ++g.idle;
    if (start_small_thread([&g] { serve(g); })) return;
    // Without a waiting thread the gate is deaf; the daemon opens everything when we are gone, and starts a new one.
    std::fputs("drainfs-gate: cannot start a thread\n", stderr);
    _exit(1);
}

// ---- the thread that never enters ustat()
// ------------------------------------------------------------------------------

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

[[noreturn]] void watch_daemon(gate& g) {
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
        if (poll(&ended, 1, std::max(0, static_cast<int>(wait.count()))) > 0) _exit(0);
        report_hanging(g, s);
        if (steady::now() >= next_sweep) {
            s.begin(to_sweep(g));
            next_sweep = steady::now() + sweep_every;
        }
        if (steady::now() >= next_check) {
            check_daemon(g);
            next_check = steady::now() + 1s;
        }
    }
}

}  // namespace

int run_gate(int socket_fd) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "drainfs-gate");
    prctl(PR_SET_TIMERSLACK, 1);
    ask_for_short_slices();
    static gate g;  // outlives every thread
    g.socket = socket_fd;
    g.daemon = static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0));
    if (g.daemon < 0) return 1;
    g.last_heartbeat = now_ms();
    struct stat proc {};
    const int trial = stat("/proc", &proc) == 0 ? call_ustat(proc.st_dev) : errno;
    g.report_to_daemon(report_kind::hello, {}, trial);
    start_worker(g);
    start_worker(g);
    watch_daemon(g);
}

}  // namespace drainlab::gate
