#include "fusefs/storage/directory_store.hpp"

#include <climits>

#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::storage {

int check_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) return EINVAL;
    return name.size() > NAME_MAX ? ENAMETOOLONG : 0;
}

namespace {

struct stat to_stat(const struct statx& x) {
    struct stat st {};
    st.st_dev = makedev(x.stx_dev_major, x.stx_dev_minor);
    st.st_ino = x.stx_ino;
    st.st_mode = x.stx_mode;
    st.st_nlink = x.stx_nlink;
    st.st_uid = x.stx_uid;
    st.st_gid = x.stx_gid;
    st.st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor);
    st.st_size = static_cast<off_t>(x.stx_size);
    st.st_blksize = static_cast<blksize_t>(x.stx_blksize);
    st.st_blocks = static_cast<blkcnt_t>(x.stx_blocks);
    st.st_atim = {x.stx_atime.tv_sec, static_cast<long>(x.stx_atime.tv_nsec)};
    st.st_mtim = {x.stx_mtime.tv_sec, static_cast<long>(x.stx_mtime.tv_nsec)};
    st.st_ctim = {x.stx_ctime.tv_sec, static_cast<long>(x.stx_ctime.tv_nsec)};
    return st;
}

std::uint64_t mount_id_of(const struct statx& x) { return x.stx_mask & STATX_MNT_ID ? x.stx_mnt_id : 0; }

}  // namespace

std::shared_ptr<directory_store> directory_store::open(root_directory root, std::size_t descriptors, int& err,
                                                       store_table where) {
    struct stat st {};
    unique_fd proc{::open("/proc/thread-self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!proc || ::fstat(root.fd.get(), &st) != 0) {
        err = errno;
        return nullptr;
    }
    err = 0;
    return std::shared_ptr<directory_store>{
        new directory_store{std::move(root), st, std::move(proc), descriptors, std::move(where)}};
}

directory_store::directory_store(root_directory root, const struct stat& st, unique_fd proc, std::size_t descriptors,
                                 store_table where)
    : root_{std::move(root)},
      where_{std::move(where)},
      root_fd_{share(std::move(root_.fd), where_.table, where_.own_table, where_.budget)},
      proc_{std::move(proc)},
      dev_{st.st_dev},
      nodes_{root_fd_->get(), st, descriptors, *where_.budget} {
    where_.budget->reserve(2);  // the root and /proc
    struct statx x {};
    if (::statx(root_fd_->get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &x) == 0)
        mount_id_ = mount_id_of(x);
    std::size_t size = 0;
    has_acls_ = getxattr(nodes_.root(), "system.posix_acl_access", nullptr, 0, size) != EOPNOTSUPP;
}

directory_store::~directory_store() = default;

void directory_store::close_all() {
    nodes_.close_all();
    if (proc_) where_.budget->give();
    proc_.reset();
    root_fd_.reset();
    root_.close();
}

shared_fd directory_store::share_fd(int fd) const {
    return fd < 0 ? shared_fd{} : share(unique_fd{fd}, where_.table, where_.own_table, where_.budget);
}

int directory_store::open_at(int dir, const char* name, int flags, mode_t mode) {
    if (!where_.budget->take()) return errno = EMFILE, -1;
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.mode = flags & O_CREAT ? mode : 0;
    // A magic link of /proc leads to another mount by nature.
    how.resolve = dir == proc_.get() ? 0 : RESOLVE_NO_XDEV;
    const auto open_it = [&] { return static_cast<int>(::syscall(SYS_openat2, dir, name, &how, sizeof how)); };
    int fd = open_it();
    while (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        const int err = errno;
        if (!nodes_.make_room()) {
            errno = err;
            break;
        }
        fd = open_it();
    }
    if (fd >= 0) return fd;
    const int err = errno;
    where_.budget->give();
    errno = err;
    return -1;
}

int directory_store::stat_entry(int parent, const char* name, struct stat& st) const {
    struct statx x {};
    constexpr int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    // Without a sync: where something is mounted on it, that is seen, not asked.
    if (::statx(parent, name, flags | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID, &x) != 0) return errno;
    if (mount_id_ ? mount_id_of(x) != mount_id_ : makedev(x.stx_dev_major, x.stx_dev_minor) != dev_) return EXDEV;
    // A store in memory is right without a sync, too. The others: now it is the store itself that is asked.
    if (!root_.in_memory && ::statx(parent, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &x) != 0) return errno;
    st = to_stat(x);
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

int directory_store::readlink(node& f, std::string& target) {
    const int fd = nodes_.fd(f);
    if (fd < 0) return -fd;
    target.resize(PATH_MAX);
    const ssize_t n = ::readlinkat(fd, "", target.data(), target.size());
    if (n < 0) return errno;
    target.resize(static_cast<std::size_t>(n));
    return 0;
}

int directory_store::open_data(node& f, int flags, data_fd& fd) {
    if (!S_ISREG(f.type)) return EINVAL;  // opening a FIFO or a device of the store could block, or do something
    std::string name;
    if (const int err = proc_name(f, name)) return err;
    int how = O_RDWR;
    int got = open_at(proc_.get(), name.c_str(), how | O_NOCTTY);
    if (got < 0 && (flags & O_ACCMODE) != O_RDWR)
        got = open_at(proc_.get(), name.c_str(), (how = flags & O_ACCMODE) | O_NOCTTY);
    if (got < 0) return errno;
    fd = {share_fd(got), how};
    return 0;
}

int directory_store::open_directory(node& f, shared_fd& fd) {
    const int path = nodes_.fd(f);
    if (path < 0) return -path;
    const int got = open_at(path, ".", O_RDONLY | O_DIRECTORY);
    if (got < 0) return errno;
    fd = share_fd(got);
    return 0;
}

}  // namespace drainlab::storage
