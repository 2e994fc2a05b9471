#include "fusefs/storage/store_io.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <time.h>
#include <unistd.h>

namespace drainlab::storage {

namespace {
template <class T>
T or_errno(T rc) {
    return rc < 0 ? static_cast<T>(-errno) : rc;
}
}  // namespace

ssize_t store_io::preadv(int fd, const iovec* iov, int count, off_t off) const {
    return or_errno(::preadv(fd, iov, count, off));
}
ssize_t store_io::pwritev(int fd, const iovec* iov, int count, off_t off) const {
    return or_errno(::pwritev(fd, iov, count, off));
}
int store_io::ftruncate(int fd, off_t size) const { return or_errno(::ftruncate(fd, size)); }
int store_io::fallocate(int fd, int mode, off_t off, off_t length) const {
    return or_errno(::fallocate(fd, mode, off, length));
}
int store_io::fsync(int fd, bool data_only) const { return or_errno(data_only ? ::fdatasync(fd) : ::fsync(fd)); }
int store_io::futimens(int fd, const timespec times[2]) const { return or_errno(::futimens(fd, times)); }
int store_io::fstat(int fd, struct stat& st) const { return or_errno(::fstat(fd, &st)); }
int store_io::fstatvfs(int fd, struct statvfs& st) const { return or_errno(::fstatvfs(fd, &st)); }
int store_io::syncfs(int fd) const { return or_errno(::syncfs(fd)); }
timespec store_io::now() const noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return t;
}
off_t store_io::lseek(int fd, off_t off, int whence) const { return or_errno(::lseek(fd, off, whence)); }
ssize_t store_io::copy(int from, off_t from_off, int to, off_t to_off, std::size_t length) const {
    return or_errno(::copy_file_range(from, &from_off, to, &to_off, length, 0));
}

std::size_t store_io::write_all(int fd, const char* data, std::size_t size, off_t off, int& err) const {
    err = 0;
    std::size_t done = 0;
    while (done < size && !err) {
        const iovec part{const_cast<char*>(data) + done, size - done};
        const ssize_t n = pwritev(fd, &part, 1, off + static_cast<off_t>(done));
        if (n > 0)
            done += static_cast<std::size_t>(n);
        else if (n != -EINTR)
            err = n < 0 ? static_cast<int>(-n) : EIO;
    }
    return done;
}

std::size_t store_io::read_all(int fd, void* data, std::size_t size, off_t off, int& err) const {
    err = 0;
    std::size_t done = 0;
    while (done < size && !err) {
        const iovec part{static_cast<std::byte*>(data) + done, size - done};
        const ssize_t n = preadv(fd, &part, 1, off + static_cast<off_t>(done));
        if (n == 0) break;
        if (n > 0)
            done += static_cast<std::size_t>(n);
        else if (n != -EINTR)
            err = static_cast<int>(-n);
    }
    return done;
}

off_t store_io::largest_file(int fd) const {
    off_t fits = 0, beyond = std::numeric_limits<off_t>::max();
    if (lseek(fd, beyond, SEEK_SET) == beyond) fits = beyond;  // seeking beyond what a file may hold is EINVAL
    while (beyond - fits > 1) {
        const off_t middle = fits + (beyond - fits) / 2;
        (lseek(fd, middle, SEEK_SET) == middle ? fits : beyond) = middle;
    }
    rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY && static_cast<rlim_t>(fits) > limit.rlim_cur)
        fits = static_cast<off_t>(limit.rlim_cur);
    return fits;
}

const store_io& store_io::of_system() noexcept {
    static const store_io io;
    return io;
}

}  // namespace drainlab::storage
