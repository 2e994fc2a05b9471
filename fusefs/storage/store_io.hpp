// The system calls on the bytes of a store's files, and its clock, where a test can put others.
#pragma once
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace drainlab::storage {

/// Each returns what the system call returns, or -errno. Any thread, several at once.
struct store_io {
    virtual ~store_io() = default;
    virtual ssize_t preadv(int fd, const iovec* iov, int count, off_t off) const;
    virtual ssize_t pwritev(int fd, const iovec* iov, int count, off_t off) const;
    virtual int ftruncate(int fd, off_t size) const;
    virtual int fallocate(int fd, int mode, off_t off, off_t length) const;
    virtual int fsync(int fd, bool data_only) const;
    virtual int futimens(int fd, const timespec times[2]) const;
    virtual int fstat(int fd, struct stat& st) const;
    virtual int fstatvfs(int fd, struct statvfs& st) const;
    virtual int syncfs(int fd) const;
    /// The clock that stamps the store's files.
    virtual timespec now() const noexcept;
    virtual off_t lseek(int fd, off_t off, int whence) const;
    virtual ssize_t copy(int from, off_t from_off, int to, off_t to_off, std::size_t length) const;

    /// Until all is written. @return bytes; on error as many as there were before it, with `err` set.
    std::size_t write_all(int fd, const char* data, std::size_t size, off_t off, int& err) const;
    /// Until all is read, or the file ends. @return bytes; `err` as above.
    std::size_t read_all(int fd, void* data, std::size_t size, off_t off, int& err) const;
    /// The largest size a file may have there: as the filesystem says, and RLIMIT_FSIZE.
    off_t largest_file(int fd) const;

    static const store_io& of_system() noexcept;
};

}  // namespace drainlab::storage
