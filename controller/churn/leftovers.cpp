#include "controller/churn/leftovers.hpp"

#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/os/processes.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <unistd.h>

namespace drainlab::churn {

namespace fs = std::filesystem;

namespace {

std::set<pid_t> children() {
    std::set<pid_t> pids;
    const std::string self = "/proc/self";
    for (const pid_t task : os::threads_of(self)) {
        std::istringstream words(machine::read_text(self + "/task/" + std::to_string(task) + "/children"));
        for (pid_t p = 0; words >> p;) pids.insert(p);
    }
    return pids;
}

std::set<std::string> our_cgroups() {
    std::set<std::string> names;
    const std::string ours = "drainlab-" + std::to_string(getpid()) + "-";
    for (const auto& m : machine::read_mountinfo()) {
        if (m.fstype != "cgroup2") continue;
        std::error_code ec;
        for (const auto& entry : fs::directory_iterator(m.dir, ec))
            if (entry.path().filename().string().starts_with(ours)) names.insert(entry.path());
    }
    return names;
}

template <class Set>
int more(const Set& now, const Set& before) {
    return static_cast<int>(std::count_if(now.begin(), now.end(), [&](const auto& x) { return !before.contains(x); }));
}

}  // namespace

int descriptors_of(const std::string& pid, int remembered) {
    std::error_code ec;
    int plain = 0, of_threads = 0;
    for (const auto& entry : fs::directory_iterator("/proc/" + pid + "/fd", ec)) {
        std::error_code gone;
        const auto to = fs::read_symlink(entry.path(), gone).string();
        ++(to == "anon_inode:[pidfd]" || to.ends_with("/wchan") ? of_threads : plain);
    }
    return plain + std::max(0, of_threads - remembered);
}

census take_census() { return {descriptors_of("self"), our_cgroups(), children()}; }

int mounts_below(const std::string& dir) {
    const auto all = machine::read_mountinfo();
    return static_cast<int>(std::count_if(all.begin(), all.end(),
                                          [&](const auto& m) { return m.dir == dir || m.dir.starts_with(dir + "/"); }));
}

void compare_census(const census& before, const std::string& base, leftovers& into) {
    const census now = take_census();
    into.descriptors = std::max(0, now.descriptors - before.descriptors);
    into.processes = more(now.children, before.children);
    into.cgroups = more(now.cgroups, before.cgroups);
    std::error_code ec;
    into.files = fs::exists(base, ec) ? 1 : 0;
}

}  // namespace drainlab::churn
