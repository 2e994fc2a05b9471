// Which file a profile's name means.
#include "fusefs/input/nearest.hpp"
#include "fusefs/input/read_file.hpp"
#include "fusefs/os/data_dirs.hpp"
#include "fusefs/profile/keys.hpp"
#include "fusefs/profile/load.hpp"

#include <algorithm>
#include <filesystem>

namespace drainlab::profile {

namespace fs = std::filesystem;

namespace {

load_result failure(std::string why) { return {std::nullopt, std::move(why)}; }

load_result load_file(const fs::path& path) {
    auto file = input::read_file(path.string(), input::mebibyte);
    if (!file.text) return failure(std::move(file.error));
    return parse_profile(*file.text, path.string());
}

}  // namespace

std::vector<std::string> profile_names(const std::vector<std::string>& dirs) {
    std::vector<std::string> names;
    for (const auto& dir : dirs) {
        std::error_code error;
        for (fs::directory_iterator it{fs::path{dir} / "profiles", error}, end; !error && it != end;
             it.increment(error))
            if (it->path().extension() == ".toml") names.push_back(it->path().stem().string());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::vector<std::string> default_data_dirs() { return os::data_dirs(); }

load_result load_profile(std::string_view word, const std::vector<std::string>& dirs) {
    if (word.empty()) return failure("a profile needs a name or a file");
    if (word.find('/') != std::string_view::npos || word.ends_with(".toml")) return load_file(word);
    for (const auto& dir : dirs) {
        const fs::path path = fs::path{dir} / "profiles" / (std::string{word} + ".toml");
        std::error_code error;
        if (fs::exists(path, error)) return load_file(path);
    }
    std::string why = "no profile \"" + std::string{word} + "\"";
    const auto names = profile_names(dirs);
    if (const auto near = input::nearest(word, names)) why += " (did you mean \"" + *near + "\"?)";
    why += "; there are:";
    for (const auto& name : names) why += " " + name;
    if (names.empty()) why += " none (looked in DIR/profiles of the data folders)";
    return failure(why);
}

}  // namespace drainlab::profile
