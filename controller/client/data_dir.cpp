#include "controller/client/data_dir.hpp"

#include "controller/client/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace drainlab::client {

namespace fs = std::filesystem;

namespace {

bool holds_data(const fs::path& dir) {
    std::error_code ec;
    return fs::is_directory(dir / "profiles", ec) || fs::is_directory(dir / "scenarios", ec);
}

}  // namespace

result<std::string> data_dir() {
    if (const char* given = std::getenv("DRAINLAB_DATA_DIR"); given && *given) {
        if (holds_data(given)) return std::string(given);
        return usage_error(fmt::format("DRAINLAB_DATA_DIR={}: holds neither profiles/ nor scenarios/", given));
    }
    std::error_code ec;
    const fs::path self = fs::read_symlink("/proc/self/exe", ec);
    const fs::path installed = self.parent_path().parent_path() / "share" / "drainlab";
    for (const fs::path& dir : {installed, fs::path(DRAINLAB_SOURCE_DIR) / "workloads"})
        if (holds_data(dir)) return dir.string();
    return failure{"no_data",
                   fmt::format("neither {} nor {}/workloads is there", installed.string(), DRAINLAB_SOURCE_DIR),
                   "set DRAINLAB_DATA_DIR to the folder that holds profiles/ and scenarios/", exit_code::cannot_run, 0};
}

result<std::vector<std::string>> data_names(const std::string& kind) {
    BOOST_OUTCOME_TRY(auto dir, data_dir());
    std::vector<std::string> names;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(fs::path(dir) / kind, ec))
        if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

result<std::string> data_file(const std::string& kind, const std::string& word) {
    if (word.find('/') != std::string::npos || fs::path(word).extension() == ".toml") {
        if (access(word.c_str(), R_OK) != 0) return usage_error(system_failure(word, errno).message);
        return fs::absolute(word).string();
    }
    BOOST_OUTCOME_TRY(auto dir, data_dir());
    const fs::path file = fs::path(dir) / kind / (word + ".toml");
    if (!word.empty() && access(file.c_str(), R_OK) == 0) return file.string();
    BOOST_OUTCOME_TRY(auto names, data_names(kind));
    const auto near = nearest(word, names);
    return usage_error(fmt::format("there is no {} \"{}\"", kind.substr(0, kind.size() - 1), word),
                       near ? fmt::format("did you mean \"{}\"?", *near) : "one of: " + join(names));
}

}  // namespace drainlab::client
