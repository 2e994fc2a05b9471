#include "fusefs/storage/root_directory.hpp"

#include "fusefs/storage/open_outside.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

namespace {

constexpr long tmpfs_magic = 0x01021994, ramfs_magic = 0x858458f6;
constexpr std::string_view fallback_prefix = "drainlab-store-";

long fs_type(int fd) {
    struct statfs s {};
    return ::fstatfs(fd, &s) == 0 ? static_cast<long>(s.f_type) : 0;
}

std::string cannot(const std::filesystem::path& path, const char* what, int err) {
    return "store " + path.string() + ": " + what + ": " + std::strerror(err);
}

std::filesystem::path fallback_parent() {
    if (::access("/dev/shm", W_OK | X_OK) == 0) return "/dev/shm";
    std::error_code ignored;
    return std::filesystem::temp_directory_path(ignored);
}

int make_fallback(root_directory& out, std::string& error) {
    const auto parent = fallback_parent();
    std::string name = (parent / (std::string{fallback_prefix} + std::to_string(::getpid()) + "-XXXXXX")).string();
    if (!::mkdtemp(name.data())) {
        const int err = errno;
        error = cannot(name, "no private store can be made (name one with --store DIR)", err);
        return err;
    }
    out.fallback = name;
    // The lock says that we live; it goes with us however we end.
    out.fallback_lock.reset(::open((name + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (out.fallback_lock) ::flock(out.fallback_lock.get(), LOCK_EX | LOCK_NB);
    out.fd.reset(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return out.fd ? 0 : errno;
}

bool owner_is_dead(const std::filesystem::path& directory) {
    const unique_fd lock{::open((directory.string() + ".lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
    return lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

root_directory::~root_directory() { close(); }

void root_directory::close() {
    fd.reset();
    memory.remove();
    if (fallback.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(fallback, ignored);
    std::filesystem::remove(fallback.string() + ".lock", ignored);
    fallback.clear();
    fallback_lock.reset();
}

int open_root(const std::filesystem::path& path, root_directory& out, std::string& error) {
    if (const int err = open_outside(path, O_RDONLY | O_DIRECTORY, "store", out.fd, error)) return err;
    const long type = fs_type(out.fd.get());
    out.in_memory = type == tmpfs_magic || type == ramfs_magic;
    return 0;
}

int open_private_root(private_memory& memory, root_directory& out, std::string& error) {
    out.fd = memory.make(out.memory);
    if (!out.fd) {
        sweep_private_roots();
        if (const int err = make_fallback(out, error)) return err;
    }
    const long type = fs_type(out.fd.get());
    out.in_memory = type == tmpfs_magic || type == ramfs_magic;
    out.is_private = true;
    return 0;
}

int sweep_private_roots() {
    int swept = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{fallback_parent(), ignored}) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(fallback_prefix) || name.ends_with(".lock")) continue;
        if (!owner_is_dead(entry.path())) continue;
        std::filesystem::remove_all(entry.path(), ignored);
        std::filesystem::remove(entry.path().string() + ".lock", ignored);
        ++swept;
    }
    return swept;
}

}  // namespace drainlab::storage
