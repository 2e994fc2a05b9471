#include "controller/machine/cgroups.hpp"

#include "controller/machine/child.hpp"
#include "controller/machine/mountinfo.hpp"
#include "fusefs/os/printable.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace drainlab::machine {

namespace fs = std::filesystem;
using os::to_printable;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view ours = "drainlab-";

/// Starts a process in the cgroup that ends at once. Why not; empty when it could.
std::string visit(const std::string& cgroup) {
    const os::unique_fd at{open(cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!at) return std::strerror(errno);
    birth how;
    how.cgroup = at.get();
    auto visitor = child::start(how, [] { return 0; });
    if (!visitor) return visitor.error().message;
    return visitor.value().wait(milliseconds(5'000)) ? "" : "it does not end";
}

/// Why `root` does not serve; empty when it does.
std::string why_not(const std::string& root) {
    const std::string probe = root + "/" + std::string(ours) + os::to_word(os::this_process()) + "-probe";
    if (mkdir(probe.c_str(), 0755) != 0) return "mkdir " + probe + ": " + std::strerror(errno);
    const auto why = access((probe + "/cgroup.procs").c_str(), F_OK) != 0 ? std::strerror(ENOTSUP) : visit(probe);
    for (int attempt = 0; rmdir(probe.c_str()) != 0 && errno == EBUSY && attempt < 100; ++attempt) usleep(1000);
    return why.empty() ? "" : "starting a process in " + probe + ": " + why;
}

std::string own_cgroup(const std::string& mount) {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("0::/")) return mount + line.substr(3);
    return mount;
}

/// Ends all that run in a cgroup, without naming one by its number where the kernel can do it (cgroup.kill, Linux
/// 5.14).
void empty_cgroup(const fs::path& dir, removed_cgroups& report) {
    std::ifstream procs(dir / "cgroup.procs");
    std::vector<os::process_identity> inside;
    for (pid_t pid = 0; procs >> pid;)
        if (pid > 1 && pid != getpid()) inside.push_back(os::identify_process(pid));
    if (inside.empty()) return;
    std::ofstream all(dir / "cgroup.kill");
    const bool by_kernel = static_cast<bool>(all << 1 << std::flush);
    for (const auto& who : inside)
        if (by_kernel || os::send_signal(who, SIGKILL)) report.processes.push_back(who.pid);
    for (int tries = 0; tries < 400; ++tries) {
        const bool gone = std::none_of(inside.begin(), inside.end(),
                                       [](const auto& who) { return os::is_alive(who).value_or(false); });
        if (gone) return;
        std::this_thread::sleep_for(milliseconds(5));
    }
}

/// The whole tree, the leaves first.
void remove_cgroup(const fs::path& dir, removed_cgroups& report) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec))
        if (entry.is_directory(ec) && !entry.is_symlink(ec)) remove_cgroup(entry.path(), report);
    empty_cgroup(dir, report);
    for (int tries = 0; rmdir(dir.c_str()) != 0; ++tries) {
        if (errno == ENOENT) return;
        if (errno != EBUSY || tries == 200)
            return report.problems.push_back(
                system_failure("cannot remove " + to_printable(dir.string()), errno).message);
        std::this_thread::sleep_for(milliseconds(1));  // the last task leaves a moment after its end
    }
    report.cgroups.push_back(dir.string());
}

template <class Meant>
removed_cgroups remove_where(const std::string& root, Meant meant) {
    removed_cgroups report;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(root, fs::directory_options::skip_permission_denied, ec))
        if (entry.is_directory(ec) && meant(entry.path().filename().string())) remove_cgroup(entry.path(), report);
    return report;
}

}  // namespace

result<std::string> find_cgroup_root(const std::string& wanted) {
    std::vector<std::string> places{wanted};
    if (wanted.empty()) {
        places.clear();
        for (const auto& m : read_mountinfo())
            if (m.fstype == "cgroup2") places.insert(places.end(), {m.dir, own_cgroup(m.dir)});
    }
    std::string reasons = "no cgroup v2 file system is mounted";
    for (const auto& place : places) {
        reasons = why_not(place);
        if (reasons.empty()) return place;
    }
    return failure{"no_cgroups", "cgroups cannot be made here: " + reasons,
                   "--identity session takes sessions for cgroups", exit_code::cannot_run, 0};
}

void remove_cgroups_of(const std::string& root, const os::process_identity& maker) {
    if (root.empty() || maker.pid == 0) return;
    const std::string prefix = std::string(ours) + os::to_word(maker) + "-";
    remove_where(root, [&](const std::string& name) { return name.starts_with(prefix); });
}

removed_cgroups clean_cgroups(const std::string& root) {
    return remove_where(root, [](const std::string& name) { return maker_is_dead(name, ours); });
}

bool maker_is_dead(const std::string& name, std::string_view prefix) {
    const auto who = os::from_name(name, prefix);
    return who.pid != 0 && !os::is_alive(who).value_or(true);
}

}  // namespace drainlab::machine
