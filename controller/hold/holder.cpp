#include "controller/hold/holder.hpp"

#include "controller/daemons/launch.hpp"
#include "controller/hold/wait.hpp"
#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::hold {

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 10s;

/// What the child tells when it holds, or cannot.
struct word {
    int error = 0;
    pid_t holder_child = 0;
    char step[256]{}, mounted[512]{}, made[512]{}, shown[512]{};
};

void put(char* into, std::size_t size, const std::string& text) {
    const auto n = std::min(size - 1, text.size());
    std::memcpy(into, text.data(), n);
    into[n] = 0;
}

constexpr int lifeline_there = 100, answer_there = 101;  // what is taken comes below

/// The child: holds until the lifeline's other end is closed.
int live(kind k, const std::string& dir, const std::string& scratch) {
    word w;
    traces left;
    std::string step;
    w.error = take(k, dir, scratch, left, step);
    w.holder_child = left.holder_child;
    put(w.step, sizeof w.step, step);
    put(w.mounted, sizeof w.mounted, left.mounted);
    put(w.made, sizeof w.made, left.made);
    put(w.shown, sizeof w.shown, left.shown);
    if (write(answer_there, &w, sizeof w) != static_cast<ssize_t>(sizeof w)) return 1;
    close(answer_there);
    char end;
    while (w.error == 0 && read(lifeline_there, &end, 1) < 0 && errno == EINTR) {}
    if (left.let_go) {
        left.let_go.reset();
        left.process->wait(2s);
    }
    left.process.reset();
    remove(left);
    return 0;
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
    const auto there = machine::mount_at(machine::read_mountinfo(), dir);
    if (!there)
        return client::usage_error(dir + ": not a mount point", "hold takes the directory something is mounted on");
    holder h;
    h.kind_ = k;
    h.dir_ = dir;
    h.major_ = there->major;
    h.minor_ = there->minor;
    BOOST_OUTCOME_TRY(h.scratch_, daemons::private_directory("hold"));
    BOOST_OUTCOME_TRY(auto life, machine::lifeline::make());
    BOOST_OUTCOME_TRY(auto answer, machine::lifeline::make());  // theirs to speak, ours to listen
    machine::birth how;
    how.descriptors = {{life.theirs.get(), lifeline_there}, {answer.ours.get(), answer_there}};
    how.group = machine::process_group::session;
    how.directory = "/";
    BOOST_OUTCOME_TRY(h.process_, machine::child::start(how, [&] { return live(k, dir, h.scratch_); }));
    h.lifeline_ = std::move(life.ours);
    answer.ours.reset();
    word w;
    const bool told = machine::readable_within(answer.theirs.get(), patience) &&
                      read(answer.theirs.get(), &w, sizeof w) == static_cast<ssize_t>(sizeof w);
    if (!told)
        return client::failure{"failed", "the holder of " + dir + " did not come up", {}, client::exit_code::broken, 0};
    h.left_ = {w.mounted, w.made, w.holder_child, {}, w.shown, {}};
    if (w.holder_child > 0) h.other_ = machine::watched_process(w.holder_child);  // its parent has not reaped it
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
      process_{std::move(other.process_)},
      other_{std::move(other.other_)},
      lifeline_{std::move(other.lifeline_)} {}

holder::~holder() { release(); }

client::result<proof> holder::verify() const {
    proof p;
    const auto found = machine::find_holders({major_, minor_, dir_});
    for (const auto& h : found.holders)
        if (h.kind == seen_as(kind_) && (h.pid == 0 || h.pid == pid()) &&
            (left_.shown.empty() || h.comm == left_.shown))
            p.seen = true;
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

bool holder::wait(std::chrono::nanoseconds length) const {
    std::vector<int> who{process_.pidfd()};
    if (other_.pid() > 0 && other_.pidfd() < 0) return true;
    if (other_.pid() > 0) who.push_back(other_.pidfd());
    return wait_for_end(who, length);
}

void holder::release() {
    lifeline_.reset();
    if (process_ && !process_.wait(patience)) process_.send(SIGKILL);
    process_ = {};
    remove(std::exchange(left_, {}));
    if (!scratch_.empty()) daemons::remove_private_directory(std::exchange(scratch_, {}));
}

}  // namespace drainlab::hold
