// Small words for tests of one behaviour each.
#pragma once
#include <sys/stat.h>

#include <functional>
#include <string>

namespace drainlab::test {

/// A descriptor that closes itself. -1 with errno if it could not be opened.
class opened {
  public:
    opened(const std::string& path, int flags, mode_t mode = 0644);
    ~opened();
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
    operator int() const { return fd_; }

  private:
    int fd_;
};

/// errno if `rc` says failure, else 0.
int failure(long rc);
/// lstat(2), which must work.
struct stat status_of(const std::string& path);
mode_t mode_of(const std::string& path);
/// Runs `body` in a child with these ids (both 0: as we are) and
/// returns what it returned; 200: the ids cannot be had here.
int as_user(uid_t uid, gid_t gid, const std::function<int()>& body);
/// Whether this user namespace has other users (not in `unshare -Ur`).
bool other_users();
bool before(const timespec& a, const timespec& b);

}  // namespace drainlab::test
