#include "fusefs/storage/open_outside.hpp"

#include "fusefs/os/mount_identity.hpp"

#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

namespace {

int refuse(std::string& error, std::string_view what, const std::filesystem::path& path, const std::string& why,
           int err) {
    error = std::string{what} + " " + path.string() + ": " + why;
    return err;
}

int open_without_symlinks(const std::filesystem::path& path, int flags, std::uint64_t more) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_SYMLINKS | more;
    return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
}

}  // namespace

unique_fd open_cached(const std::filesystem::path& path) {
    return unique_fd{open_without_symlinks(path, O_PATH | O_DIRECTORY, RESOLVE_CACHED)};
}

std::optional<os::mount_line> drainfs_below(const std::filesystem::path& path) {
    const auto now = open_cached(path);
    const auto below = now ? os::mount_at_fd(now.get()) : std::nullopt;
    if (below && !below->type.empty()) return std::nullopt;
    auto m = os::mount_containing(os::read_mountinfo(), path.native());
    return m && m->ours() ? std::move(m) : std::nullopt;
}

int open_outside(const std::filesystem::path& path, int flags, std::string_view what, unique_fd& out,
                 std::string& error) {
    if (!path.is_absolute() || path.lexically_normal() != path)
        return refuse(error, what, path, "must be an absolute path without . and .. (see realpath)", EINVAL);
    if (const auto m = drainfs_below(path))
        return refuse(error, what, path, "lies on the drainfs mount " + m->dir + "; choose a place outside of it",
                      EXDEV);
    out.reset(open_without_symlinks(path, flags, 0));
    if (out) return 0;
    const int err = errno;
    if (err == ELOOP) return refuse(error, what, path, "has a symlink in it; name the real path (see realpath)", err);
    if (err == ENOENT) return refuse(error, what, path, "does not exist; make the directory first", err);
    if (err == ENOTDIR) return refuse(error, what, path, "is not a directory; a directory is needed", err);
    return refuse(error, what, path, std::string{"cannot be opened: "} + std::strerror(err), err);
}

}  // namespace drainlab::storage
