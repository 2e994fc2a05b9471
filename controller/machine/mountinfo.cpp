#include "controller/machine/mountinfo.hpp"

#include "controller/machine/child.hpp"
#include "fusefs/os/pass_fd.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <climits>

#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace drainlab::machine {

namespace {

struct opened {
    os::unique_fd fd;
    int error{};
};

opened open_path(const std::string& path, std::uint64_t resolve) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = resolve;
    opened o{os::unique_fd{static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how))}, 0};
    if (!o.fd) o.error = errno;
    return o;
}

/// By a child that we can kill: the way may lead through a mount that does not answer.
opened open_by_child(const std::string& path) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return {{}, errno};
    const os::unique_fd ours{pair[0]};
    os::unique_fd theirs{pair[1]};
    birth how;
    how.descriptors = {{theirs.get(), 3}};
    auto looker = child::start(how, [&path] {
        const auto o = open_path(path, 0);
        return o.fd && os::send_fd(3, o.fd.get()) ? 0 : o.error;
    });
    theirs.reset();
    if (!looker) return {{}, EAGAIN};
    const auto status = looker.value().wait(std::chrono::seconds(5));
    if (!status) return {{}, ETIMEDOUT};
    pollfd there{ours.get(), POLLIN, 0};
    opened o;
    if (*status == 0 && poll(&there, 1, 0) > 0) o.fd = os::receive_fd(ours.get());
    if (!o.fd) o.error = *status == 0 ? EIO : *status >> 8 & 255;
    return o;
}

opened open_anywhere(const std::string& path) {
    auto o = open_path(path, RESOLVE_CACHED);
    return o.fd || (o.error != EAGAIN && o.error != EINVAL) ? std::move(o) : open_by_child(path);
}

/// Where the kernel says the descriptor is; empty for what has no path any more, or none that we can reach.
std::string name_of(const os::unique_fd& fd) {
    char text[PATH_MAX + 64];
    const auto length = readlink(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), text, sizeof text);
    if (length <= 0 || text[0] != '/') return {};
    std::string path(text, static_cast<std::size_t>(length));
    struct statx s {};
    constexpr std::string_view gone = " (deleted)";
    const bool may_be_gone =
        path.ends_with(gone) &&
        (statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK, &s) != 0 || s.stx_nlink == 0);
    return may_be_gone ? std::string{} : path;
}

std::string joined(const std::string& dir, const std::string& name) { return (dir == "/" ? "" : dir) + "/" + name; }

/// What can be said without asking for the path itself.
std::string by_text(const std::string& path) {
    if (path.starts_with('/')) return path;
    char cwd[PATH_MAX];
    return getcwd(cwd, sizeof cwd) && cwd[0] == '/' ? joined(cwd, path) : "/" + path;
}

}  // namespace

result<void> mounts_can_be_told() {
    const char* const table = "/proc/self/mountinfo";
    if (access(table, R_OK) == 0) return success();
    return failure{"no_proc", system_failure(table, errno).message, "mount -t proc proc /proc", exit_code::cannot_run,
                   0};
}

std::string absolute_path(const std::string& path) {
    if (const auto whole = open_anywhere(path); whole.fd) {
        const auto name = name_of(whole.fd);
        return name.empty() ? by_text(path) : name;
    }
    std::string trimmed = path;
    while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
    const auto slash = trimmed.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : trimmed.substr(0, slash);
    const std::string last = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
    const auto above = open_anywhere(parent);
    const auto name = above.fd ? name_of(above.fd) : std::string{};
    return name.empty() || last.empty() || last == "." || last == ".." ? by_text(trimmed) : joined(name, last);
}

}  // namespace drainlab::machine
