#include "controller/cli/kept.hpp"

#include "controller/cli/output.hpp"
#include "controller/result/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <unistd.h>

namespace drainlab::cli {
namespace {

namespace fs = std::filesystem;

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value && value[0] == '/' ? value : "";  // the specification: relative paths are to be ignored
}

/// 20261128T193507.123456789Z-bench-4711.json: sorts by time, and two at once differ. Only such names are ever removed.
std::string name_for(const std::string& command) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds).count();
    const std::time_t when = seconds.count();
    std::tm utc{};
    gmtime_r(&when, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &utc);
    return fmt::format("{}.{:09}Z-{}-{}.json", text, ns, command, getpid());
}

bool is_ours(const std::string& name) {
    return name.size() > 26 && name[8] == 'T' && name[15] == '.' && name[25] == 'Z' && name.ends_with(".json") &&
           std::all_of(name.begin(), name.begin() + 8, [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::string kept_directory() {
    if (const auto state = from_environment("XDG_STATE_HOME"); !state.empty()) return state + "/drainlab";
    const auto home = from_environment("HOME");
    return home.empty() ? "" : home + "/.local/state/drainlab";
}

std::vector<std::string> kept_files() {
    std::vector<std::string> names;
    std::error_code error;
    const auto dir = kept_directory();
    if (dir.empty()) return names;
    for (fs::directory_iterator at{dir, error}, end; !error && at != end; at.increment(error))
        if (is_ours(at->path().filename().string())) names.push_back(at->path().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<std::string> keep(const std::string& command, const std::string& text) {
    const auto dir = kept_directory();
    if (dir.empty()) return std::nullopt;
    std::error_code error;
    fs::create_directories(dir, error);
    const auto path = dir + "/" + name_for(command);
    const auto wrong = error ? dir + ": " + error.message() : report::write_file(path, text);
    if (!wrong.empty()) {
        remark("the result was not kept: " + wrong);
        return std::nullopt;
    }
    const auto all = kept_files();
    for (std::size_t i = 0; i + most_kept < all.size(); ++i) fs::remove(all[i], error);
    return path;
}

void keep_and_say(const std::string& command, const std::string& text, bool quiet) {
    if (const auto kept = keep(command, text))
        fmt::print(quiet ? stderr : stdout, "result: {} (drainctl report --html report.html shows it)\n", *kept);
}

}  // namespace drainlab::cli
