#include "tests/system/fuse/posix.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

namespace drainlab::test {

opened::opened(const std::string& path, int flags, mode_t mode) : fd_{::open(path.c_str(), flags | O_CLOEXEC, mode)} {}

opened::~opened() {
    if (fd_ >= 0) ::close(fd_);
}

int failure(long rc) { return rc < 0 ? errno : 0; }

struct stat status_of(const std::string& path) {
    struct stat st {};
    REQUIRE(::lstat(path.c_str(), &st) == 0);
    return st;
}

mode_t mode_of(const std::string& path) { return status_of(path).st_mode & 07777; }

int as_user(uid_t uid, gid_t gid, const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (uid || gid)
            if (::setgroups(0, nullptr) || ::setgid(gid) || ::setuid(uid)) ::_exit(200);
        ::_exit(body());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool other_users() {
    return as_user(1234, 1234, [] { return 0; }) == 0;
}

bool before(const timespec& a, const timespec& b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

}  // namespace drainlab::test
