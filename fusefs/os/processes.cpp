#include "fusefs/os/processes.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace drainlab::os {

namespace fs = std::filesystem;

namespace {

std::vector<int> numbers_in(const std::string& dir, int least) {
    std::vector<int> all;
    std::error_code ec;
    for (fs::directory_iterator one(dir, ec); !ec && one != fs::directory_iterator(); one.increment(ec)) {
        const std::string name = one->path().filename().string();
        int number = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (error == std::errc{} && end == name.data() + name.size() && number >= least) all.push_back(number);
    }
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

std::vector<pid_t> processes(const std::string& proc) { return numbers_in(proc, 1); }
std::vector<pid_t> threads_of(const std::string& dir) { return numbers_in(dir + "/task", 1); }
std::vector<int> descriptors_of(const std::string& dir) { return numbers_in(dir + "/fd", 0); }

}  // namespace drainlab::os
