#include "fusefs/os/own_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::os {

namespace {

std::string owner_trouble(const std::string& what, const struct stat& s, bool root_too) {
    if (s.st_uid == ::geteuid() || (root_too && s.st_uid == 0)) return {};
    return what + " belongs to uid " + std::to_string(s.st_uid) + ", we are uid " + std::to_string(::geteuid());
}

std::string file_trouble(const std::string& path, const struct stat& s) {
    if (!S_ISREG(s.st_mode) && !S_ISSOCK(s.st_mode)) return path + " is neither a regular file nor a socket";
    if (auto why = owner_trouble(path, s, false); !why.empty()) return why;
    if (S_ISREG(s.st_mode) && (s.st_mode & 022) != 0) return path + " may be written by others";
    return s.st_nlink > 1 ? path + " has a second name somewhere" : "";
}

std::string directory_trouble(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string dir = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    struct stat s {};
    if (::stat(dir.c_str(), &s) != 0) return dir + ": " + std::strerror(errno);
    if (auto why = owner_trouble(dir, s, true); !why.empty()) return why;
    if ((s.st_mode & 022) != 0 && (s.st_mode & S_ISVTX) == 0)
        return dir + " may be written by others and is not sticky";
    return {};
}

struct flock whole_file(short type) {
    struct flock l {};
    l.l_type = type;
    l.l_whence = SEEK_SET;
    return l;
}

}  // namespace

std::string why_not_ours(const std::string& path) {
    if (auto why = directory_trouble(path); !why.empty()) return why;
    struct stat s {};
    if (::lstat(path.c_str(), &s) != 0) return errno == ENOENT ? "" : path + ": " + std::strerror(errno);
    return file_trouble(path, s);
}

std::optional<std::string> read_own_file(const std::string& path, std::size_t limit, std::string& why) {
    why.clear();
    const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)};
    const auto refused = [&](std::string text) {
        why = std::move(text);
        return std::nullopt;
    };
    if (!file) return errno == ENOENT ? std::nullopt : refused(path + ": " + std::strerror(errno));
    if (auto trouble = directory_trouble(path); !trouble.empty()) return refused(std::move(trouble));
    struct stat s {};
    if (::fstat(file.get(), &s) != 0) return refused(path + ": " + std::strerror(errno));
    if (auto trouble = file_trouble(path, s); !trouble.empty()) return refused(std::move(trouble));
    std::string text(limit + 1, '\0');
    std::size_t had = 0;
    for (ssize_t got; had < text.size() && (got = ::read(file.get(), text.data() + had, text.size() - had)) > 0;)
        had += static_cast<std::size_t>(got);
    if (had > limit) return refused(path + " is larger than " + std::to_string(limit) + " bytes");
    text.resize(had);
    return text;
}

// A lock of the open file: looking at it through another descriptor of ours does not end it, as it would end one of the
// process.
life_lock life_lock::take(const std::string& path) {
    life_lock lock;
    lock.fd_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct flock mine = whole_file(F_WRLCK);
    if (lock.fd_ && ::fcntl(lock.fd_.get(), F_OFD_SETLK, &mine) != 0) {
        const int error = errno;
        lock.fd_.reset();
        errno = error;
    }
    return lock;
}

std::optional<bool> is_locked(const std::string& path) {
    const unique_fd file{::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    struct flock other = whole_file(F_WRLCK);
    if (!file || ::fcntl(file.get(), F_OFD_GETLK, &other) != 0) return std::nullopt;
    return other.l_type != F_UNLCK;
}

}  // namespace drainlab::os
