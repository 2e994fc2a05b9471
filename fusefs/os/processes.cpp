#include "fusefs/os/processes.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace drainlab::os {

namespace fs = std::filesystem;

std::vector<pid_t> processes(const std::string& proc) {
    std::vector<pid_t> all;
    std::error_code ec;
    for (fs::directory_iterator one(proc, ec); !ec && one != fs::directory_iterator(); one.increment(ec)) {
        const std::string name = one->path().filename().string();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc{} && end == name.data() + name.size() && pid > 0) all.push_back(pid);
    }
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace drainlab::os
