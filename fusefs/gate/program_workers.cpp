// The gate's threads that take commands and may hang in ustat().
#include "fusefs/gate/calls.hpp"
#include "fusefs/gate/program_state.hpp"
#include "fusefs/gate/small_thread.hpp"
#include "fusefs/gate/thread_place.hpp"
#include "fusefs/os/leave.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace drainlab::gate {
namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto unmounter_within = 400us;
constexpr auto between_looks = 15us;
constexpr auto out_of_the_way = 2ms;
constexpr int idle_limit = 16;  // with many mounts at once a thread for each of their ends would be started and ended

/// Enters ustat(). When it returns, a superblock is as a rule being taken down, by somebody who needs the CPU more than
/// we do: what the daemon is told it is told a little later.
void enter(gate& g, const request& r, std::int32_t seen = 0) {
    g.report_to_daemon(report_kind::entering, r, seen);
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
/// long: it may never do so, because somebody else holds the superblock. Whether it was seen in deactivate_super().
bool wait_for_unmounter(pid_t tid) {
    const thread_watch unmounter{tid};
    const auto until = steady::now() + unmounter_within;
    auto place = thread_place::nowhere;
    const auto there = [&] { return place == thread_place::deactivate_super || place == thread_place::s_umount; };
    while (unmounter.look(place) && !there() && steady::now() < until)
        std::this_thread::sleep_for(between_looks);  // not a spin: it, or its grace period, may wait for this very CPU
    return place == thread_place::deactivate_super;
}

void probe(gate& g, const request& r) {
    {
        const std::lock_guard lock{g.mutex};
        if (const auto h = g.holds.find(r.mount); h != g.holds.end()) h->second.detached = true;
    }
    const bool seen = r.tid != 0 && wait_for_unmounter(r.tid);
    enter(g, r, seen ? saw_unmounter_wait : 0);
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

/// Takes commands until the daemon is gone. Ends when enough others wait already.
void serve(gate& g) {
    char buffer[request_limit];
    for (;;) {
        const ssize_t got = recv(g.socket, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) os::leave(0);  // the daemon is gone: its death has freed, or will free, every thread of ours
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

}  // namespace

void start_worker(gate& g) {
    ++g.idle;
    if (start_small_thread([&g] { serve(g); })) return;
    // Without a waiting thread the gate is deaf; the daemon opens everything when we are gone, and starts a new one.
    std::fputs("drainfs-gate: cannot start a thread\n", stderr);
    os::leave(1);
}

}  // namespace drainlab::gate
