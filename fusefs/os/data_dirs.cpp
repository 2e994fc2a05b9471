#include "fusefs/os/data_dirs.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace drainlab::os {

namespace fs = std::filesystem;

namespace {

/// Whether who may change the program, or root, put `dir` there.
bool trusted(const fs::path& dir, const std::string& program) {
    struct stat there {
    }, ours{};
    if (stat(dir.c_str(), &there) != 0 || stat(program.c_str(), &ours) != 0) return false;
    return there.st_uid == ours.st_uid || there.st_uid == 0;
}

}  // namespace

std::vector<std::string> data_dirs(const origin& from) {
    if (const char* given = std::getenv("DRAINLAB_DATA_DIR"); given && *given) return {given};
    std::vector<std::string> dirs;
    const fs::path sources = fs::path{from.sources} / "workloads";
    if (from.program.empty()) return {sources.string()};
    const fs::path prefix = fs::path{from.program}.parent_path().parent_path();
    dirs.push_back((prefix / "share" / "drainlab").string());
    const auto beside = (prefix / from.to_sources / "workloads").lexically_normal();
    if (trusted(beside, from.program)) dirs.push_back(beside.string());
    if (sources != beside) dirs.push_back(sources.string());
    dirs.push_back((prefix / "data").string());
    return dirs;
}

std::vector<std::string> data_dirs() {
    std::error_code ec;
    return data_dirs({fs::read_symlink("/proc/self/exe", ec).string(), DRAINLAB_SOURCES, DRAINLAB_TO_SOURCES});
}

}  // namespace drainlab::os
