#include "controller/hold/holder.hpp"

#include "controller/client/holders.hpp"
#include "controller/client/launch.hpp"
#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"
#include "controller/hold/wait.hpp"

#include <fmt/format.h>

#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace drainlab::hold {

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 10s;

/// What the child tells when it holds, or cannot.
struct word {
    int error = 0;
    pid_t holder_child = 0;
    char step[256]{}, mounted[512]{}, made[512]{};
};

void put(char* into, std::size_t size, const std::string& text) {
    const auto n = std::min(size - 1, text.size());
    std::memcpy(into, text.data(), n);
    into[n] = 0;
}

/// The child: holds until the lifeline's other end is closed.
[[noreturn]] void live(kind k, const std::string& dir, const std::string& scratch, int lifeline, int answer) {
    setsid();
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) std::signal(s, SIG_DFL);
    std::signal(SIGCHLD, SIG_IGN);  // a child that holds is reaped at once
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(lifeline, 100);
    dup2(answer, 101);
    for (int fd = 0; fd < 3; ++fd) dup2(open("/dev/null", O_RDWR), fd);
    close_range(3, 99, 0);
    close_range(102, ~0U, 0);
    if (chdir("/") != 0) _exit(1);
    word w;
    traces left;
    std::string step;
    w.error = take(k, dir, scratch, left, step);
    w.holder_child = left.holder_child;
    put(w.step, sizeof w.step, step);
    put(w.mounted, sizeof w.mounted, left.mounted);
    put(w.made, sizeof w.made, left.made);
    if (write(101, &w, sizeof w) != static_cast<ssize_t>(sizeof w)) _exit(1);
    close(101);
    char end;
    while (w.error == 0 && read(100, &end, 1) < 0 && errno == EINTR) {}
    if (left.holder_child > 0) kill(left.holder_child, SIGKILL);
    remove(left);
    _exit(0);
}

client::failure refused(kind k, const word& w) {
    auto why = client::system_failure(w.step, w.error, client::exit_code::cannot_run);
    if (w.error == EPERM || w.error == EACCES)
        why.hint = fmt::format("--by {} needs root here, or a user namespace: unshare -Urm", name_of(k));
    return why;
}

}  // namespace

std::optional<bool> ask_busy(const std::string& dir) {
    if (umount2(dir.c_str(), MNT_EXPIRE | UMOUNT_NOFOLLOW) == 0) return false;  // somebody had marked it: it is gone
    const int error = errno;
    if (error == EBUSY) return true;
    if (error != EAGAIN) return std::nullopt;
    const int use = open(dir.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);  // using it takes the mark off
    if (use >= 0) close(use);
    return false;
}

client::result<holder> holder::take(kind k, const std::string& dir) {
    const auto there = client::mount_at(client::read_mountinfo(), dir);
    if (!there)
        return client::usage_error(dir + ": not a mount point", "hold takes the directory something is mounted on");
    holder h;
    h.kind_ = k;
    h.dir_ = dir;
    h.major_ = there->major;
    h.minor_ = there->minor;
    BOOST_OUTCOME_TRY(h.scratch_, client::private_directory("hold"));
    int life[2], answer[2];
    if (pipe2(life, O_CLOEXEC) != 0) return client::system_failure("pipe", errno);
    if (pipe2(answer, O_CLOEXEC) != 0) return client::system_failure("pipe", errno);
    h.pid_ = fork();
    if (h.pid_ == 0) live(k, dir, h.scratch_, life[0], answer[1]);
    close(life[0]);
    close(answer[1]);
    h.lifeline_ = life[1];
    word w;
    pollfd p{answer[0], POLLIN, 0};
    const bool told = h.pid_ > 0 && poll(&p, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) > 0 &&
                      read(answer[0], &w, sizeof w) == static_cast<ssize_t>(sizeof w);
    close(answer[0]);
    if (!told)
        return client::failure{"failed", "the holder of " + dir + " did not come up", {}, client::exit_code::broken, 0};
    h.left_ = {w.mounted, w.made, w.holder_child};
    if (w.error != 0) return refused(k, w);
    return h;
}

holder::holder(holder&& other) noexcept
    : kind_{other.kind_},
      dir_{std::move(other.dir_)},
      scratch_{std::exchange(other.scratch_, {})},
      major_{other.major_},
      minor_{other.minor_},
      left_{std::exchange(other.left_, {})},
      pid_{std::exchange(other.pid_, -1)},
      lifeline_{std::exchange(other.lifeline_, -1)} {}

holder::~holder() { release(); }

client::result<proof> holder::verify() const {
    proof p;
    const auto found = client::find_holders({major_, minor_, dir_});
    for (const auto& h : found.holders)
        if (h.kind == seen_as(kind_) && (h.pid == 0 || h.pid == pid())) p.seen = true;
    const auto busy = ask_busy(dir_);
    p.kernel_asked = busy.has_value();
    p.busy = busy.value_or(false);
    if (!p.seen)
        return client::failure{"not_held",
                               fmt::format("{}: /proc does not show the {} that should hold it", dir_, name_of(kind_)),
                               {},
                               client::exit_code::broken,
                               0};
    if (p.kernel_asked && blocks_umount(kind_) && !p.busy)
        return client::failure{"not_held",
                               fmt::format("{}: held by {}, yet the kernel would unmount it", dir_, name_of(kind_)),
                               {},
                               client::exit_code::broken,
                               0};
    return p;
}

bool holder::wait(std::chrono::nanoseconds length) const { return wait_for_child(pid_, length, left_.holder_child); }

void holder::release() {
    if (lifeline_ >= 0) close(std::exchange(lifeline_, -1));
    if (pid_ > 0 && !client::wait_child(pid_, patience)) {
        kill(pid_, SIGKILL);
        client::wait_child(pid_, patience);
    }
    pid_ = -1;
    remove(std::exchange(left_, {}));
    if (!scratch_.empty()) client::remove_private_directory(std::exchange(scratch_, {}));
}

}  // namespace drainlab::hold
