#include "controller/machine/sweeper.hpp"

#include "controller/machine/cgroups.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"

#include <sys/mount.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drainlab::machine {
namespace {

namespace fs = std::filesystem;
constexpr char dismissed = 'q', watch_process = 'w', watch_directory = 'd';

/// What goes through the pipe; smaller than PIPE_BUF, so a whole one or none.
struct record {
    char kind = 0;
    pid_t pid = 0;
    std::uint64_t start_time = 0, pid_namespace = 0;
    char path[248] = {};
};

/// What is to be cleaned up after our death.
struct duties {
    std::vector<os::process_identity> processes;
    std::vector<std::string> directories;
};

void unmount_below(const std::string& directory) {
    const auto mounts = read_mountinfo();
    for (auto m = mounts.rbegin(); m != mounts.rend(); ++m)
        if (m->ours() && m->dir.starts_with(directory + "/")) umount2(m->dir.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

/// Never goes through a mount: if one could not be detached, its directory stays. Whether it is gone.
bool sweep(const std::string& directory) {
    unmount_below(directory);
    for (const auto& m : read_mountinfo())
        if (m.dir.starts_with(directory + "/")) return false;
    std::error_code ec;
    fs::remove_all(directory, ec);
    return !ec;
}

/// A daemon that is ending may be in the middle of a mount, and our children in that of a file.
void sweep_until(const std::string& directory, std::chrono::steady_clock::time_point end) {
    while (!sweep(directory) && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

/// Takes in duties until the pipe ends. True when dismissed.
bool listen(int fd, duties& all) {
    record r;
    for (;;) {
        const auto got = read(fd, &r, sizeof r);
        if (got < 0 && errno == EINTR) continue;
        if (got != static_cast<ssize_t>(sizeof r)) return false;
        if (r.kind == dismissed) return true;
        if (r.kind == watch_process) all.processes.push_back({r.pid, r.start_time, r.pid_namespace, {}});
        if (r.kind == watch_directory) all.directories.emplace_back(r.path);
    }
}

void tell(int fd, const record& r) {
    if (fd < 0) return;
    [[maybe_unused]] const auto written = write(fd, &r, sizeof r);
}

constexpr int duties_come_here = 3;

int live(const std::string& directory, const std::string& cgroup_root) {
    prctl(PR_SET_NAME, "drainctl-sweep");
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(s, SIG_IGN);
    duties all;
    all.directories.push_back(directory);
    if (listen(duties_come_here, all)) return 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (const auto& who : all.processes) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        watched_process(who).gone_within(std::max(left, std::chrono::milliseconds(0)));
    }
    for (const auto& who : all.processes) remove_cgroups_of(cgroup_root, who);
    for (const auto& d : all.directories) sweep_until(d, end);
    return 0;
}

}  // namespace

sweeper::sweeper(std::string directory, std::string cgroup_root)
    : directory_{std::move(directory)}, cgroup_root_{std::move(cgroup_root)} {
    auto line = lifeline::make();
    if (!line) return;
    birth how;
    how.descriptors = {{line.value().theirs.get(), duties_come_here}};  // we must not keep anybody's pipe or terminal
    how.group = process_group::session;
    how.directory = "/";
    auto started = child::start(how, [this] { return live(directory_, cgroup_root_); });
    if (!started) return;
    process_ = std::move(started.value());
    pipe_ = std::move(line.value().ours);
}

sweeper::~sweeper() { sweep_and_dismiss(); }

void sweeper::watch(const os::process_identity& who) const {
    tell(pipe_.get(), {watch_process, who.pid, who.start_time, who.pid_namespace, {}});
}

void sweeper::also(const std::string& directory) const {
    record r{watch_directory, 0, 0, 0, {}};
    if (directory.size() >= sizeof r.path) return;
    directory.copy(r.path, sizeof r.path - 1);
    tell(pipe_.get(), r);
}

void sweeper::sweep_and_dismiss() {
    if (!directory_.empty()) sweep(std::exchange(directory_, {}));
    if (!pipe_) return;
    tell(pipe_.get(), {dismissed, 0, 0, 0, {}});
    pipe_.reset();
    process_.wait(std::chrono::seconds(5));
    process_ = {};
}

}  // namespace drainlab::machine
