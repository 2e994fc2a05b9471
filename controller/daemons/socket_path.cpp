#include "controller/daemons/launch.hpp"
#include "controller/machine/mountinfo.hpp"
#include "fusefs/os/process_identity.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace drainlab::daemons {

namespace {

namespace fs = std::filesystem;

/// Why `dir` must not hold our sockets, or nothing. errno-like: ENOENT when it is not there.
std::optional<std::string> distrust(const std::string& dir) {
    struct stat s {};
    if (lstat(dir.c_str(), &s) != 0) return system_failure(dir, errno).message;
    if (!S_ISDIR(s.st_mode)) return dir + " is not a directory";
    if (s.st_uid != geteuid()) return fmt::format("{} belongs to uid {}, not to us ({})", dir, s.st_uid, geteuid());
    if ((s.st_mode & 077) != 0)
        return fmt::format("{} is open to others (mode {:04o}, must be 0700)", dir, s.st_mode & 07777);
    return std::nullopt;
}

bool ours(const char* dir) {
    struct stat s {};
    return dir && dir[0] == '/' && stat(dir, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() &&
           access(dir, W_OK | X_OK) == 0;
}

bool is_directory(const char* dir) {
    struct stat s {};
    return dir && dir[0] == '/' && stat(dir, &s) == 0 && S_ISDIR(s.st_mode);
}

/// Our uid as those outside of our user namespace see it: root in
/// there is not the root whose directory may be there already.
uid_t outer_uid() {
    std::ifstream map{"/proc/self/uid_map"};
    for (unsigned long inside = 0, outside = 0, count = 0; map >> inside >> outside >> count;)
        if (geteuid() >= inside && geteuid() - inside < count)
            return static_cast<uid_t>(outside + (geteuid() - inside));
    return geteuid();
}

/// The default directory; made if need be.
result<std::string> socket_directory() {
    std::string dir;
    if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); ours(runtime))
        dir = std::string(runtime) + "/drainlab";
    else if (geteuid() == 0 && ours("/run"))
        dir = "/run/drainlab";
    else
        dir = fmt::format("{}/drainlab-{}", temporary_directory(), outer_uid());
    if (mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
        return failure{"failed", system_failure("cannot make " + dir, errno).message,
                       "use --socket PATH, or set XDG_RUNTIME_DIR to a directory of your own", exit_code::cannot_run,
                       0};
    if (auto why = distrust(dir))
        return usage_error("the socket directory cannot be trusted: " + *why, "use --socket PATH");
    return dir;
}

result<std::string> checked(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return usage_error(fmt::format("--socket {}: longer than the {} bytes a socket path may have", path,
                                       sizeof(sockaddr_un::sun_path) - 1));
    const auto folder = fs::path(path).parent_path().string();
    if (auto m = machine::mount_containing(machine::read_mountinfo(), path); m && m->ours())
        return usage_error(fmt::format("--socket {}: lies on the drainfs mount {}", path, m->dir),
                           "choose a path on another filesystem");
    struct stat s {};
    if (stat(folder.c_str(), &s) != 0 || !S_ISDIR(s.st_mode))
        return usage_error(fmt::format("--socket {}: there is no directory {}", path, folder));
    if (lstat(path.c_str(), &s) != 0) return path;
    if (!S_ISSOCK(s.st_mode)) return usage_error(fmt::format("--socket {}: exists and is not a socket", path));
    if (s.st_uid != geteuid())
        return usage_error(fmt::format("--socket {}: belongs to uid {}, we are uid {}", path, s.st_uid, geteuid()));
    return path;
}

}  // namespace

std::string temporary_directory() {
    if (const char* wanted = std::getenv("TMPDIR"); is_directory(wanted)) return wanted;
    for (const char* dir : {"/tmp", "/var/tmp", "/dev/shm"})
        if (is_directory(dir) && access(dir, W_OK | X_OK) == 0) return dir;
    return "/tmp";
}

result<std::string> socket_path(const std::string& given) {
    BOOST_OUTCOME_TRY(machine::mounts_can_be_told());
    if (!given.empty()) return checked(machine::absolute_path(given));
    struct stat ns {};
    if (stat("/proc/self/ns/mnt", &ns) != 0) return system_failure("/proc/self/ns/mnt", errno, exit_code::cannot_run);
    BOOST_OUTCOME_TRY(auto dir, socket_directory());
    return checked(fmt::format("{}/{}.sock", dir, ns.st_ino));
}

result<std::string> private_directory(const std::string& prefix, const std::string& socket) {
    auto found = socket_directory();
    if (!found && !socket.empty()) found = fs::path(machine::absolute_path(socket)).parent_path().string();
    BOOST_OUTCOME_TRY(const auto base, std::move(found));
    std::string dir = fmt::format("{}/{}-{}-XXXXXX", base, prefix, os::to_word(os::this_process()));
    if (!mkdtemp(dir.data())) return system_failure("cannot make a directory in " + base, errno);
    return dir;
}

bool remove_private_directory(const std::string& dir) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec)) {
        struct stat s {};
        const bool folder = lstat(entry.path().c_str(), &s) == 0 && S_ISDIR(s.st_mode);
        [[maybe_unused]] const int r = folder ? rmdir(entry.path().c_str()) : unlink(entry.path().c_str());
    }
    return rmdir(dir.c_str()) == 0 || errno == ENOENT;
}

}  // namespace drainlab::daemons
