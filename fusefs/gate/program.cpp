#include "fusefs/gate/program.hpp"

#include "fusefs/gate/calls.hpp"
#include "fusefs/gate/mountinfo.hpp"
#include "fusefs/gate/protocol.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <set>
#include <signal.h>
#include <unistd.h>

namespace drainlab::gate {
namespace {

using steady = std::chrono::steady_clock;

/// What the gate's threads share.
struct gate {
    int socket{};
    int daemon{-1};  ///< pidfd
    std::atomic<int> idle{0};
    std::atomic<std::int64_t> last_heartbeat{0};
    std::atomic<bool> pending{false};
    std::mutex mutex;            // innermost
    std::multiset<dev_t> armed;  ///< guarded by mutex: superblocks some thread of ours holds

    void report_to_daemon(report_kind kind, const request& r, int error) const {
        report message;
        message.kind = kind;
        message.op = r.op;
        message.mount = r.mount;
        message.tid = gettid();
        message.error = error;
        message.tag = r.tag;
        // A full queue can only mean a daemon that does not read: the watchdog's business. Blocking here is fine.
        (void)send(socket, &message, sizeof message, MSG_NOSIGNAL);
    }
};

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now().time_since_epoch()).count();
}

void hold(gate& g, const request& r) {
    {
        const std::lock_guard lock{g.mutex};
        g.armed.insert(r.dev);
    }
    g.report_to_daemon(report_kind::entering, r, 0);
    const int error = call_ustat(r.dev);
    {
        const std::lock_guard lock{g.mutex};
        g.armed.erase(g.armed.find(r.dev));
    }
    g.report_to_daemon(report_kind::returned, r, error);
}

void carry_out(gate& g, const request& r) {
    switch (r.op) {
        case command::arm: return hold(g, r);
        case command::probe:
            g.report_to_daemon(report_kind::entering, r, 0);
            return g.report_to_daemon(report_kind::returned, r, call_ustat(r.dev));
        case command::heartbeat:
            g.last_heartbeat = now_ms();
            g.pending = (r.flags & flag_pending) != 0;
            return;
        case command::umount: return g.report_to_daemon(report_kind::returned, r, call_umount(r));
    }
}

void start_worker(gate& g);

/// Takes commands until the daemon is gone. Ends when enough others wait already.
void* serve(void* argument) {
    constexpr int idle_limit = 4;
    auto& g = *static_cast<gate*>(argument);
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
        if (--g.idle == 0) start_worker(g);
        carry_out(g, *r);
        if (++g.idle > idle_limit) {
            if (--g.idle >= 1) return nullptr;
            ++g.idle;
        }
    }
}

/// One more thread that waits for commands. 64 KiB of stack hold the receive buffer and spawning fusermount3.
void start_worker(gate& g) {
    ++g.idle;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    if (const int error = pthread_create(&thread, &attributes, serve, &g); error != 0) {
        // Without a waiting thread the gate is deaf; the daemon opens everything when we are gone, and starts a new
        // one.
        std::fprintf(stderr, "drainfs-gate: cannot start a thread (error %d)\n", error);
        _exit(1);
    }
    pthread_attr_destroy(&attributes);
}

/// Whether somebody may be waiting in an unmount: the daemon said so, or a held superblock has no mount here any more.
bool unmount_pending(gate& g) {
    if (g.pending) return true;
    const auto mounted = mounted_devices();
    const std::lock_guard lock{g.mutex};
    for (const dev_t dev : g.armed)
        if (!mounted.contains(dev)) return true;
    return false;
}

[[noreturn]] void watch_daemon(gate& g) {
    for (;;) {
        pollfd ended{g.daemon, POLLIN, 0};
        if (poll(&ended, 1, 1000) > 0) _exit(0);
        const std::int64_t silence = now_ms() - g.last_heartbeat;
        if (silence < 1000 * daemon_silence_limit_s || !unmount_pending(g)) continue;
        std::fprintf(stderr, "drainfs-gate: drainfs has been silent for %lld ms while an unmount waits: killing it\n",
                     static_cast<long long>(silence));
        syscall(SYS_pidfd_send_signal, g.daemon, SIGKILL, nullptr, 0);
    }
}

}  // namespace

int run_gate(int socket_fd) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "drainfs-gate");
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
