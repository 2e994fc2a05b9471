#include "fusefs/control/own_directory.hpp"

#include "fusefs/control/state_file.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::control {
namespace {

namespace fs = std::filesystem;

bool is_ours_alone(int directory) {
    struct stat s {};
    return fstat(directory, &s) == 0 && s.st_uid == geteuid() && (s.st_mode & 022) == 0;
}

void remove_own_directory(const own_directory& d, const std::string& socket, const std::string& log) {
    if (os::is_alive(d.maker).value_or(true) || access(state_path(socket).c_str(), F_OK) == 0) return;
    const os::unique_fd dir{open(d.path.c_str(), O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!dir || !is_ours_alone(dir.get())) return;
    std::error_code none;
    if (fs::equivalent(fs::path(log).parent_path(), d.path, none))
        unlinkat(dir.get(), fs::path(log).filename().c_str(), 0);
    unlinkat(dir.get(), "lock", 0);
    for (const auto& entry : fs::directory_iterator(d.path, none))
        unlinkat(dir.get(), entry.path().filename().c_str(),
                 AT_REMOVEDIR);  // a file, a mount, what is not empty: stays
    rmdir(d.path.c_str());
}

}  // namespace

void leave_own_directory(const own_directory& d, const std::string& socket, const std::string& log) noexcept {
    if (d.path.empty()) return;
    try {
        remove_own_directory(d, socket, log);
    } catch (...) {}  // it stays
}

}  // namespace drainlab::control
