#include "controller/run/sweeper.hpp"

#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"
#include "controller/run/cgroups.hpp"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drainlab::run {
namespace {

namespace fs = std::filesystem;
constexpr char dismissed = 'q', watch_process = 'w', watch_directory = 'd';

/// What goes through the pipe; smaller than PIPE_BUF, so a whole one or none.
struct record {
    char kind = 0;
    pid_t pid = 0;
    char path[248] = {};
};

/// What is to be cleaned up after our death.
struct duties {
    std::vector<pid_t> processes;
    std::vector<std::string> directories;
};

void unmount_below(const std::string& directory) {
    const auto mounts = client::read_mountinfo();
    for (auto m = mounts.rbegin(); m != mounts.rend(); ++m)
        if (m->ours() && m->dir.starts_with(directory + "/")) umount2(m->dir.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

/// Never goes through a mount: if one could not be detached, its directory stays.
void sweep(const std::string& directory) {
    unmount_below(directory);
    for (const auto& m : client::read_mountinfo())
        if (m.dir.starts_with(directory + "/")) return;
    std::error_code ec;
    fs::remove_all(directory, ec);
}

/// Takes in duties until the pipe ends. True when dismissed.
bool listen(int fd, duties& all) {
    record r;
    for (;;) {
        const auto got = read(fd, &r, sizeof r);
        if (got < 0 && errno == EINTR) continue;
        if (got != static_cast<ssize_t>(sizeof r)) return false;
        if (r.kind == dismissed) return true;
        if (r.kind == watch_process) all.processes.push_back(r.pid);
        if (r.kind == watch_directory) all.directories.emplace_back(r.path);
    }
}

void tell(int fd, const record& r) {
    if (fd < 0) return;
    [[maybe_unused]] const auto written = write(fd, &r, sizeof r);
}

[[noreturn]] void live(int fd, const std::string& directory, const std::string& cgroup_root) {
    setsid();
    prctl(PR_SET_NAME, "drainctl-sweep");
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(s, SIG_IGN);
    const int null = open("/dev/null", O_RDWR);
    for (const int standard : {0, 1, 2}) dup2(null, standard);
    dup2(fd, 3);  // nothing else stays open: we must not keep anybody's pipe or terminal
    close_range(4, ~0u, 0);
    [[maybe_unused]] const int moved = chdir("/");
    duties all;
    all.directories.push_back(directory);
    if (listen(3, all)) _exit(0);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (const auto pid : all.processes) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        client::wait_gone(pid, std::max(left, std::chrono::milliseconds(0)));
    }
    for (const auto pid : all.processes) remove_cgroups_of(cgroup_root, pid);
    for (const auto& d : all.directories) sweep(d);
    _exit(0);
}

}  // namespace

sweeper::sweeper(std::string directory, std::string cgroup_root)
    : directory_{std::move(directory)}, cgroup_root_{std::move(cgroup_root)} {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) live(ends[0], directory_, cgroup_root_);
    close(ends[0]);
    pipe_ = ends[1];
}

sweeper::~sweeper() { sweep_and_dismiss(); }

void sweeper::watch(pid_t pid) const { tell(pipe_, {watch_process, pid, {}}); }

void sweeper::also(const std::string& directory) const {
    record r{watch_directory, 0, {}};
    if (directory.size() >= sizeof r.path) return;
    directory.copy(r.path, sizeof r.path - 1);
    tell(pipe_, r);
}

void sweeper::sweep_and_dismiss() {
    if (!directory_.empty()) sweep(std::exchange(directory_, {}));
    if (pipe_ < 0) return;
    tell(pipe_, {dismissed, 0, {}});
    close(std::exchange(pipe_, -1));
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

}  // namespace drainlab::run
