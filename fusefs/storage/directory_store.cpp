#include "fusefs/storage/directory_store.hpp"

#include <climits>

#include <sys/resource.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::storage {

int check_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) return EINVAL;
    return name.size() > NAME_MAX ? ENAMETOOLONG : 0;
}

std::unique_ptr<directory_store> directory_store::open(root_directory root, std::size_t descriptors, int& err) {
    struct stat st {};
    unique_fd proc{::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!proc || ::fstat(root.fd.get(), &st) != 0) {
        err = errno;
        return nullptr;
    }
    err = 0;
    return std::unique_ptr<directory_store>{new directory_store{std::move(root), st, std::move(proc), descriptors}};
}

directory_store::directory_store(root_directory root, const struct stat& st, unique_fd proc, std::size_t descriptors)
    : root_{std::move(root)}, proc_{std::move(proc)}, dev_{st.st_dev}, nodes_{root_.fd.get(), st, descriptors} {}

int directory_store::open_at(int dir, const char* name, int flags, mode_t mode) {
    const int fd = ::openat(dir, name, flags | O_CLOEXEC, mode);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE)) return fd;
    const int err = errno;
    if (nodes_.make_room()) return ::openat(dir, name, flags | O_CLOEXEC, mode);
    errno = err;
    return -1;
}

int directory_store::stat_entry(int parent, const char* name, struct stat& st) const {
    if (::fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) return errno;
    return st.st_dev == dev_ ? 0 : EXDEV;
}

int directory_store::lookup(node& parent, const char* name, node*& out, struct stat& st) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    if (const int err = stat_entry(dir, name, st)) return err;
    out = &nodes_.get(parent, name, st);
    return 0;
}

int directory_store::getattr(node& f, struct stat& st) {
    const int fd = nodes_.fd(f);
    if (fd < 0) return -fd;
    return ::fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

int directory_store::proc_name(node& f, std::string& name) {
    const int fd = nodes_.fd(f);
    if (fd < 0) return -fd;
    name = std::to_string(fd);
    return 0;
}

int directory_store::chmod(node& f, mode_t mode) {
    if (S_ISLNK(f.type)) return EOPNOTSUPP;
    std::string name;
    if (const int err = proc_name(f, name)) return err;
    return ::fchmodat(proc_.get(), name.c_str(), mode & 07777, 0) == 0 ? 0 : errno;
}

int directory_store::chown(node& f, uid_t uid, gid_t gid) {
    const int fd = nodes_.fd(f);
    if (fd < 0) return -fd;
    return ::fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int directory_store::utimens(node& f, const timespec times[2]) {
    const int fd = nodes_.fd(f);
    if (fd < 0) return -fd;
    return ::utimensat(fd, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int directory_store::truncate(node& f, off_t size) {
    unique_fd fd;
    if (const int err = open_data(f, O_WRONLY, fd)) return err;
    return ::ftruncate(fd.get(), size) == 0 ? 0 : errno;
}

int directory_store::readlink(node& f, std::string& target) {
    const int fd = nodes_.fd(f);
    if (fd < 0) return -fd;
    target.resize(PATH_MAX);
    const ssize_t n = ::readlinkat(fd, "", target.data(), target.size());
    if (n < 0) return errno;
    target.resize(static_cast<std::size_t>(n));
    return 0;
}

int directory_store::open_data(node& f, int flags, unique_fd& fd) {
    if (!S_ISREG(f.type)) return EINVAL;  // opening a FIFO or a device of the store could block, or do something
    std::string name;
    if (const int err = proc_name(f, name)) return err;
    constexpr int common = O_NOCTTY | O_LARGEFILE;
    fd.reset(open_at(proc_.get(), name.c_str(), O_RDWR | common));
    if (!fd && (flags & O_ACCMODE) != O_RDWR)
        fd.reset(open_at(proc_.get(), name.c_str(), (flags & O_ACCMODE) | common));
    return fd ? 0 : errno;
}

int directory_store::open_directory(node& f, unique_fd& fd) {
    const int path = nodes_.fd(f);
    if (path < 0) return -path;
    fd.reset(open_at(path, ".", O_RDONLY | O_DIRECTORY));
    return fd ? 0 : errno;
}

int directory_store::statfs(struct statvfs& st) const { return ::fstatvfs(root_.fd.get(), &st) == 0 ? 0 : errno; }

int directory_store::sync_all() const { return ::syncfs(root_.fd.get()) == 0 ? 0 : errno; }

}  // namespace drainlab::storage
