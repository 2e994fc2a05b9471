#include "controller/words/data_dir.hpp"

#include "controller/words/words.hpp"
#include "fusefs/os/data_dirs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace drainlab::words {

namespace fs = std::filesystem;

namespace {

bool holds_data(const fs::path& dir) {
    std::error_code ec;
    return fs::is_directory(dir / "profiles", ec) || fs::is_directory(dir / "scenarios", ec);
}

}  // namespace

result<std::string> data_dir() {
    const auto dirs = os::data_dirs();
    for (const auto& dir : dirs)
        if (holds_data(dir)) return dir;
    if (const char* given = std::getenv("DRAINLAB_DATA_DIR"); given && *given)
        return usage_error(fmt::format("DRAINLAB_DATA_DIR={}: holds neither profiles/ nor scenarios/", given));
    return failure{"no_data", "drainlab's data is in none of " + join(dirs),
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

}  // namespace drainlab::words
