#include "fusefs/gate/program.hpp"

#include "fusefs/gate/calls.hpp"
#include "fusefs/gate/program_state.hpp"
#include "fusefs/gate/short_slice.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <signal.h>
#include <unistd.h>

namespace drainlab::gate {

void gate::report_to_daemon(report_kind kind, const request& r, int error) const {
    static thread_local const pid_t self = gettid();
    report message;
    message.kind = kind;
    message.op = r.op;
    message.mount = r.mount;
    message.tid = self;
    message.error = error;
    message.tag = r.tag;
    (void)send(socket, &message, sizeof message, MSG_NOSIGNAL);
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

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
