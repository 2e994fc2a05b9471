#include "controller/result/file.hpp"

#include <climits>

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace drainlab::report {
namespace {

std::string said(const std::string& path, int error) { return path + ": " + std::generic_category().message(error); }

class descriptor {
  public:
    explicit descriptor(int fd) : fd_{fd} {}
    ~descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

int write_all(int fd, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto n = write(fd, text.data() + at, text.size() - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        at += static_cast<std::size_t>(n);
    }
    return 0;
}

/// Where a rename must go so that a symbolic link stays one.
std::string target_of(const std::string& path) {
    char real[PATH_MAX];
    return realpath(path.c_str(), real) ? real : path;
}

bool is_special(const std::string& path) {
    struct stat st {};
    return stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode);
}

/// The file beside `path`; its permissions are those of the old one, else what the umask gives.
int open_beside(std::string& name, const std::string& path) {
    name = path + ".XXXXXX";
    const int fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return fd;
    struct stat old {};
    const auto mask = umask(0);
    umask(mask);
    fchmod(fd, stat(path.c_str(), &old) == 0 ? old.st_mode & 07777 : 0666 & ~mask);
    return fd;
}

std::string write_special(const std::string& path, const std::string& text) {
    const descriptor fd{open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY)};
    if (fd.get() < 0) return said(path, errno);
    const int error = write_all(fd.get(), text);
    return error == 0 ? std::string{} : said(path, error);
}

}  // namespace

std::string write_file(const std::string& path, const std::string& text) {
    const auto target = target_of(path);
    if (is_special(target)) return write_special(target, text);
    std::string beside;
    descriptor fd{open_beside(beside, target)};
    if (fd.get() < 0) return said(path, errno);
    int error = write_all(fd.get(), text);
    if (error == 0 && fsync(fd.get()) != 0) error = errno;
    if (close(fd.release()) != 0 && error == 0) error = errno;
    if (error == 0 && rename(beside.c_str(), target.c_str()) != 0) error = errno;
    if (error == 0) return {};
    unlink(beside.c_str());
    return said(path, error);
}

std::string check_writable(const std::string& path) {
    const auto target = target_of(path);
    struct stat st {};
    if (stat(target.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return said(path, EISDIR);
    if (is_special(target)) return access(target.c_str(), W_OK) == 0 ? std::string{} : said(path, errno);
    std::string beside;
    const descriptor fd{open_beside(beside, target)};
    if (fd.get() < 0) return said(path, errno);
    unlink(beside.c_str());
    return {};
}

}  // namespace drainlab::report
