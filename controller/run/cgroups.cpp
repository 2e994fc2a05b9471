#include "controller/run/cgroups.hpp"

#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"

#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <vector>

namespace drainlab::run {
namespace {

namespace fs = std::filesystem;

/// Starts a process in the cgroup that ends at once. 0 or an errno.
int visit(const std::string& cgroup) {
    const int fd = open(cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    clone_args args{};
    args.flags = CLONE_INTO_CGROUP;
    args.exit_signal = SIGCHLD;
    args.cgroup = static_cast<std::uint64_t>(fd);
    const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
    if (pid == 0) _exit(0);
    const int error = pid < 0 ? errno : 0;
    close(fd);
    if (pid > 0) waitpid(pid, nullptr, 0);
    return error;
}

/// Why `root` does not serve; empty when it does.
std::string why_not(const std::string& root) {
    const std::string probe = root + "/drainlab-" + std::to_string(getpid()) + "-probe";
    if (mkdir(probe.c_str(), 0755) != 0) return "mkdir " + probe + ": " + std::strerror(errno);
    const int error = access((probe + "/cgroup.procs").c_str(), F_OK) != 0 ? ENOTSUP : visit(probe);
    for (int attempt = 0; rmdir(probe.c_str()) != 0 && errno == EBUSY && attempt < 100; ++attempt) usleep(1000);
    return error == 0 ? "" : "starting a process in " + probe + ": " + std::strerror(error);
}

std::string own_cgroup(const std::string& mount) {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("0::/")) return mount + line.substr(3);
    return mount;
}

}  // namespace

client::result<std::string> find_cgroup_root(const std::string& wanted) {
    std::vector<std::string> places{wanted};
    if (wanted.empty()) {
        places.clear();
        for (const auto& m : client::read_mountinfo())
            if (m.fstype == "cgroup2") places.insert(places.end(), {m.dir, own_cgroup(m.dir)});
    }
    std::string reasons = "no cgroup v2 file system is mounted";
    for (const auto& place : places) {
        reasons = why_not(place);
        if (reasons.empty()) return place;
    }
    return client::failure{"no_cgroups", "cgroups cannot be made here: " + reasons,
                           "--identity session takes sessions for cgroups", client::exit_code::cannot_run, 0};
}

void remove_cgroups_of(const std::string& root, pid_t pid) {
    if (root.empty()) return;
    const std::string prefix = "drainlab-" + std::to_string(pid) + "-";
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(root, ec)) {
        if (!entry.path().filename().string().starts_with(prefix)) continue;
        std::ifstream procs(entry.path() / "cgroup.procs");
        for (pid_t left = 0; procs >> left;)
            if (left > 1) kill(left, SIGKILL);
        for (int attempt = 0; rmdir(entry.path().c_str()) != 0 && errno == EBUSY && attempt < 200; ++attempt)
            usleep(1000);
    }
}

}  // namespace drainlab::run
