#include "controller/lab/files.hpp"

#include <fmt/format.h>

#include <sys/statvfs.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace drainlab::lab {

using client::exit_code;
using client::system_failure;
namespace fs = std::filesystem;

client::result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return system_failure(path, errno, exit_code::usage);
    std::stringstream content;
    content << file.rdbuf();
    if (file.bad()) return system_failure(path, errno, exit_code::usage);
    return content.str();
}

client::result<void> write_file(const std::string& path, const std::string& content) {
    const auto beside = fmt::format("{}.{}", path, getpid());
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
        const int error = errno;
        unlink(beside.c_str());
        return system_failure(path, error, exit_code::cannot_run);
    }
    return client::success();
}

bool disk_full(const std::string& dir) {
    constexpr std::uint64_t next_to_nothing = 64 << 10;
    struct statvfs s {};
    return statvfs(dir.c_str(), &s) == 0 && s.f_bavail * s.f_frsize < next_to_nothing;
}

client::result<std::string> cache_dir() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
    std::string dir = variable("DRAINLAB_LAB_CACHE");
    if (dir.empty() && !variable("XDG_CACHE_HOME").empty()) dir = variable("XDG_CACHE_HOME") + "/drainlab/lab";
    if (dir.empty() && !variable("HOME").empty()) dir = variable("HOME") + "/.cache/drainlab/lab";
    const client::failure none{"no_cache", "lab: no place for its cache", "set DRAINLAB_LAB_CACHE to a folder",
                               exit_code::cannot_run, 0};
    if (dir.empty()) return none;
    std::error_code ec;
    fs::create_directories(dir, ec);
    if (ec || access(dir.c_str(), W_OK) != 0) {
        auto why = none;
        why.message = fmt::format("lab: its cache {} cannot be written to: {}", dir,
                                  ec ? ec.message() : system_failure("", errno).message.substr(2));
        return why;
    }
    return fs::absolute(dir).string();
}

client::result<temporary_dir> temporary_dir::make() {
    const char* base = std::getenv("TMPDIR");
    std::string path = std::string(base && *base ? base : "/tmp") + "/drainlab-lab-XXXXXX";
    if (!mkdtemp(path.data())) return system_failure(path, errno, exit_code::cannot_run);
    return temporary_dir{path};
}

temporary_dir::~temporary_dir() {
    std::error_code ec;
    if (!path_.empty()) fs::remove_all(path_, ec);
}

}  // namespace drainlab::lab
