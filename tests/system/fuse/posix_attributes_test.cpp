// Permissions, owners, times: one behaviour per test, as a local file system has it.
#include "tests/system/fuse/fixture.hpp"
#include "tests/system/fuse/posix.hpp"

#include <catch2/catch.hpp>

#include <sys/xattr.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <unistd.h>

using namespace drainlab::test;

namespace {

/// A mount where everybody may make files.
struct open_mount : test_mount {
    open_mount() { REQUIRE(::chmod(dir().c_str(), 01777) == 0); }
};

/// An ACL as an extended attribute: its version, and entries of tag, permissions and id.
template <std::size_t N>
struct acl {
    struct entry {
        std::uint16_t tag, perm;
        std::uint32_t id;
    };
    std::uint32_t version;
    entry entries[N];
};

void wait_a_tick() { ::usleep(12'000); }  // file times move on every 4 or 10 ms

}  // namespace

TEST_CASE("chown by root takes setuid and setgid away from a program, and keeps a directory's", "[owner]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "x");
    REQUIRE(::chmod(m.path("f").c_str(), 06755) == 0);
    REQUIRE(::chown(m.path("f").c_str(), 1234, 1234) == 0);
    CHECK(mode_of(m.path("f")) == 0755);
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    REQUIRE(::chmod(m.path("d").c_str(), 02755) == 0);
    REQUIRE(::chown(m.path("d").c_str(), 1234, 1234) == 0);
    CHECK(mode_of(m.path("d")) == 02755);
}

TEST_CASE("Truncation by another user takes setuid away", "[owner]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "text");
    REQUIRE(::chmod(m.path("f").c_str(), 04777) == 0);
    CHECK(as_user(1234, 1234, [&] { return failure(::truncate(m.path("f").c_str(), 1)); }) == 0);
    CHECK(mode_of(m.path("f")) == 0777);
}

TEST_CASE("Only the owner may chmod, only root may give away", "[owner]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "x");
    const std::string f = m.path("f");
    CHECK(as_user(1234, 1234, [&] { return failure(::chmod(f.c_str(), 0777)); }) == EPERM);
    CHECK(as_user(1234, 1234, [&] { return failure(::chown(f.c_str(), 1234, 1234)); }) == EPERM);
    REQUIRE(::chown(f.c_str(), 1234, 1234) == 0);
    CHECK(as_user(1234, 1234, [&] { return failure(::chmod(f.c_str(), 0600)); }) == 0);
    CHECK(as_user(1234, 1234, [&] { return failure(::chown(f.c_str(), 0, 0)); }) == EPERM);
    CHECK(as_user(1234, 1234, [&] { return failure(::chmod(f.c_str(), 02600)); }) == 0);
    CHECK(mode_of(f) == 02600);  // its own group
}

TEST_CASE("Permissions are checked: read, write, search, access(2)", "[owner]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "x");
    REQUIRE(::chmod(m.path("f").c_str(), 0640) == 0);
    REQUIRE(::mkdir(m.path("d").c_str(), 0700) == 0);
    write_file(m.path("d/g"), "x");
    const auto user = [&](auto body) { return as_user(1234, 1234, body); };
    CHECK(user([&] { return failure(::open(m.path("f").c_str(), O_RDONLY)); }) == EACCES);
    CHECK(user([&] { return failure(::access(m.path("f").c_str(), R_OK)); }) == EACCES);
    CHECK(user([&] { return failure(::access(m.path("f").c_str(), F_OK)); }) == 0);
    CHECK(user([&] { return failure(::access(m.path("d/g").c_str(), F_OK)); }) == EACCES);
}

TEST_CASE("Whatever changes a file's contents takes setuid and setgid away, unless root does it", "[owner]") {
    if (!other_users()) return;
    open_mount m;
    const std::string f = m.path("f"), other = m.path("other");
    write_file(f, std::string(16'384, 'x'));
    write_file(other, "abc");
    REQUIRE(::chmod(other.c_str(), 0644) == 0);
    REQUIRE(::chown(f.c_str(), 1234, 1234) == 0);
    const auto mode_after = [&](mode_t before, uid_t uid, gid_t gid, const std::function<long(int)>& change) {
        REQUIRE(::chmod(f.c_str(), before) == 0);
        CHECK(as_user(uid, gid, [&] { return failure(change(::open(f.c_str(), O_RDWR))); }) == 0);
        return mode_of(f);
    };
    const std::map<std::string, std::function<long(int)>> changes{
        {"write", [](int fd) { return ::pwrite(fd, "y", 1, 0); }},
        {"truncate", [](int fd) { return ::ftruncate(fd, 8192); }},
        {"fallocate", [](int fd) { return ::fallocate(fd, 0, 0, 32'768); }},
        {"punch", [](int fd) { return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096); }},
        {"copy",
         [&](int fd) {
             const opened from{other, O_RDONLY};
             return ::copy_file_range(from, nullptr, fd, nullptr, 3, 0);
         }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        CHECK(mode_after(06777, 1234, 1234, change) == 0777);
        CHECK(mode_after(02666, 1234, 1234, change) == 02666);  // no program of the group's: mandatory locking once
        CHECK(mode_after(06666, 1235, 1235, change) == 0666);
        CHECK(mode_after(06777, 0, 0, change) == 06777);
    }
}

TEST_CASE("In a sticky directory only the owner removes or renames", "[owner]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "x");
    const auto user = [&](auto body) { return as_user(1234, 1234, body); };
    CHECK(user([&] { return failure(::unlink(m.path("f").c_str())); }) == EPERM);
    CHECK(user([&] { return failure(::rename(m.path("f").c_str(), m.path("g").c_str())); }) == EPERM);
    REQUIRE(::chown(m.path("f").c_str(), 1234, 1234) == 0);
    CHECK(user([&] { return failure(::unlink(m.path("f").c_str())); }) == 0);
}

TEST_CASE("The umask applies to files, directories and FIFOs, not to symlinks", "[owner]") {
    test_mount m;
    const mode_t before_it = ::umask(027);
    { const opened f{m.path("f"), O_CREAT | O_WRONLY, 0666}; }
    ::mkdir(m.path("d").c_str(), 0777);
    ::mkfifo(m.path("p").c_str(), 0666);
    static_cast<void>(::symlink("f", m.path("s").c_str()));
    ::umask(before_it);
    CHECK(mode_of(m.path("f")) == 0640);
    CHECK(mode_of(m.path("d")) == 0750);
    CHECK(mode_of(m.path("p")) == 0640);
    CHECK(mode_of(m.path("s")) == 0777);
}

TEST_CASE("UTIME_NOW needs write permission, a time of one's own needs ownership", "[times]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "x");
    REQUIRE(::chmod(m.path("f").c_str(), 0666) == 0);
    const auto set = [&](timespec a, timespec b) {
        return as_user(1234, 1234, [&] {
            const timespec times[2] = {a, b};
            return failure(::utimensat(AT_FDCWD, m.path("f").c_str(), times, 0));
        });
    };
    CHECK(set({0, UTIME_NOW}, {0, UTIME_NOW}) == 0);
    CHECK(set({5, 5}, {5, 5}) == EPERM);
    CHECK(set({0, UTIME_OMIT}, {0, UTIME_OMIT}) == 0);
    REQUIRE(::chmod(m.path("f").c_str(), 0644) == 0);
    CHECK(set({0, UTIME_NOW}, {0, UTIME_NOW}) == EACCES);
}

TEST_CASE("ctime moves on with chmod, chown, link, rename, utimens and xattrs; mtime does not", "[times]") {
    test_mount m;
    const std::string f = m.path("f"), g = m.path("g");
    write_file(f, "x");
    {
        const opened o{f, O_RDWR};
        ::fsync(o);
    }
    const auto moves = [&](const char* what, auto call) {
        const auto old = status_of(f);
        wait_a_tick();
        REQUIRE(failure(call()) == 0);
        const auto now = status_of(f);
        INFO(what);
        CHECK(before(old.st_ctim, now.st_ctim));
        CHECK(old.st_mtim.tv_nsec == now.st_mtim.tv_nsec);
    };
    moves("chmod", [&] { return ::chmod(f.c_str(), 0600); });
    moves("chown", [&] { return ::chown(f.c_str(), ::getuid(), ::getgid()); });
    moves("link", [&] { return ::link(f.c_str(), g.c_str()); });
    moves("unlink of the other name", [&] { return ::unlink(g.c_str()); });
    moves("rename", [&] { return ::rename(f.c_str(), g.c_str()) ? -1 : ::rename(g.c_str(), f.c_str()); });
    moves("setxattr", [&] { return ::setxattr(f.c_str(), "user.a", "b", 1, 0); });
    const timespec only_atime[2] = {{7, 7}, {0, UTIME_OMIT}};
    moves("utimensat", [&] { return ::utimensat(AT_FDCWD, f.c_str(), only_atime, 0); });
}

TEST_CASE("mtime and ctime move on with write, truncate and allocation", "[times]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    const auto moves = [&](const char* what, auto call) {
        const auto old = status_of(m.path("f"));
        wait_a_tick();
        REQUIRE(failure(call()) == 0);
        const auto now = status_of(m.path("f"));
        INFO(what);
        CHECK(before(old.st_mtim, now.st_mtim));
        CHECK(before(old.st_ctim, now.st_ctim));
    };
    moves("write", [&] { return ::write(f, "x", 1); });
    moves("ftruncate up", [&] { return ::ftruncate(f, 100); });
    moves("ftruncate to the same size", [&] { return ::ftruncate(f, 100); });
    moves("fallocate", [&] { return ::fallocate(f, 0, 0, 5000); });
    moves("write again", [&] { return ::pwrite(f, "y", 1, 0); });
}

TEST_CASE("A directory's mtime and ctime move on when entries come, go and change their name", "[times]") {
    test_mount m;
    const std::string d = m.path("d");
    REQUIRE(::mkdir(d.c_str(), 0755) == 0);
    const auto moves = [&](const char* what, auto call) {
        const auto old = status_of(d);
        wait_a_tick();
        REQUIRE(failure(call()) == 0);
        INFO(what);
        CHECK(before(old.st_mtim, status_of(d).st_mtim));
        CHECK(before(old.st_ctim, status_of(d).st_ctim));
    };
    moves("create", [&] { return ::mknod((d + "/f").c_str(), S_IFREG | 0600, 0); });
    moves("rename within", [&] { return ::rename((d + "/f").c_str(), (d + "/g").c_str()); });
    moves("unlink", [&] { return ::unlink((d + "/g").c_str()); });
    moves("mkdir", [&] { return ::mkdir((d + "/s").c_str(), 0700); });
    CHECK(status_of(d).st_nlink == 3);
    moves("rmdir", [&] { return ::rmdir((d + "/s").c_str()); });
    moves("symlink", [&] { return ::symlink("x", (d + "/l").c_str()); });
}

TEST_CASE("A symlink has attributes of its own, and its target's stay the target's", "[xattr]") {
    open_mount m;
    write_file(m.path("f"), "x");
    REQUIRE(::symlink("f", m.path("l").c_str()) == 0);
    const std::string link = m.path("l");
    CHECK(failure(::lsetxattr(link.c_str(), "user.a", "v", 1, 0)) == EPERM);  // as on any local file system
    CHECK(::llistxattr(link.c_str(), nullptr, 0) == 0);
    if (::lsetxattr(link.c_str(), "trusted.a", "v", 1, 0) != 0) {
        CHECK((errno == EPERM || errno == EOPNOTSUPP));  // not root, or a store without them
        return;
    }
    char got[8];
    CHECK(::lgetxattr(link.c_str(), "trusted.a", got, sizeof got) == 1);
    CHECK(failure(::getxattr(m.path("f").c_str(), "trusted.a", got, sizeof got)) == ENODATA);
    CHECK(::lremovexattr(link.c_str(), "trusted.a") == 0);
    CHECK(failure(::lgetxattr(link.c_str(), "trusted.a", got, sizeof got)) == ENODATA);
}

TEST_CASE("An xattr of the largest size, ERANGE, E2BIG, and a list of many", "[xattr]") {
    test_mount m;
    write_file(m.path("f"), "x");
    const std::string path = m.path("f");
    const char* const f = path.c_str();
    std::string big(60'000, 'v');
    int refused = failure(::setxattr(f, "user.big", big.data(), big.size(), 0));
    if (refused == EOPNOTSUPP) return;
    if (refused == ENOSPC) {  // ext4 has a block for them
        big.resize(2'000);
        refused = failure(::setxattr(f, "user.big", big.data(), big.size(), 0));
    }
    REQUIRE(refused == 0);
    CHECK(::getxattr(f, "user.big", nullptr, 0) == static_cast<ssize_t>(big.size()));
    std::string got(big.size(), '\0');
    CHECK(failure(::getxattr(f, "user.big", got.data(), got.size() - 1)) == ERANGE);
    CHECK(::getxattr(f, "user.big", got.data(), got.size()) == static_cast<ssize_t>(big.size()));
    CHECK(got == big);
    CHECK(failure(::setxattr(f, "user.big", std::string(65'537, 'v').data(), 65'537, 0)) == E2BIG);
    CHECK(::setxattr(f, "user.empty", "", 0, 0) == 0);
    CHECK(::getxattr(f, "user.empty", got.data(), got.size()) == 0);
    for (int k = 0; k < 50; ++k) REQUIRE(::setxattr(f, ("user.n" + std::to_string(k)).c_str(), "v", 1, 0) == 0);
    const ssize_t size = ::listxattr(f, nullptr, 0);
    CHECK(size > 50 * 8);
    CHECK(failure(::listxattr(f, got.data(), static_cast<std::size_t>(size - 1))) == ERANGE);
    CHECK(::listxattr(f, got.data(), got.size()) == size);
    CHECK(failure(::setxattr(f, "user.none", "v", 1, XATTR_REPLACE)) == ENODATA);
    CHECK(failure(::setxattr(f, "nonsense", "v", 1, 0)) == EOPNOTSUPP);
}

TEST_CASE("A POSIX ACL lets in whom it names; a default ACL is inherited in place of the umask", "[acl]") {
    if (!other_users()) return;
    open_mount m;
    write_file(m.path("f"), "x");
    REQUIRE(::chmod(m.path("f").c_str(), 0600) == 0);
    // owner rw, user 1234 r, group -, mask r, other -
    const acl<5> text{2, {{1, 6, ~0u}, {2, 4, 1234}, {4, 0, ~0u}, {16, 4, ~0u}, {32, 0, ~0u}}};
    const int refused = failure(::setxattr(m.path("f").c_str(), "system.posix_acl_access", &text, sizeof text, 0));
    if (refused == EOPNOTSUPP) return;  // the store has none: refused cleanly
    REQUIRE(refused == 0);
    const auto reads = [&](uid_t who) {
        return as_user(who, who, [&] { return failure(::open(m.path("f").c_str(), O_RDONLY)); });
    };
    CHECK(reads(1234) == 0);
    CHECK(reads(1235) == EACCES);
    CHECK(as_user(1234, 1234, [&] { return failure(::open(m.path("f").c_str(), O_WRONLY)); }) == EACCES);
    CHECK(mode_of(m.path("f")) == 0640);  // the mask shows as the group's
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    REQUIRE(::setxattr(m.path("d").c_str(), "system.posix_acl_default", &text, sizeof text, 0) == 0);
    const mode_t old = ::umask(077);
    { const opened f{m.path("d/f"), O_CREAT | O_WRONLY, 0666}; }
    ::umask(old);
    CHECK(mode_of(m.path("d/f")) == 0640);
    CHECK(::getxattr(m.path("d/f").c_str(), "system.posix_acl_access", nullptr, 0) == sizeof text);
}

TEST_CASE("An ACL set by an owner outside the file's group takes setgid away", "[acl][owner]") {
    if (!other_users()) return;
    open_mount m;
    const acl<3> text{2, {{1, 7, ~0u}, {4, 7, ~0u}, {32, 7, ~0u}}};
    const bool directory = GENERATE(false, true);
    const std::string f = m.path("f");
    REQUIRE((directory ? ::mkdir(f.c_str(), 0755) : ::mknod(f.c_str(), S_IFREG | 0644, 0)) == 0);
    REQUIRE(::chown(f.c_str(), 1234, 1234) == 0);
    const auto mode_after = [&](uid_t uid, gid_t gid) {
        REQUIRE(::chmod(f.c_str(), 02755) == 0);
        const auto set = [&] { return ::setxattr(f.c_str(), "system.posix_acl_access", &text, sizeof text, 0); };
        const int failed = as_user(uid, gid, [&] { return failure(set()); });
        if (failed == EOPNOTSUPP) return mode_t{};
        CHECK(failed == 0);
        return mode_of(f);
    };
    const mode_t within = mode_after(1234, 1234);
    if (within == 0) return;  // the store has no ACLs
    CHECK(within == 02777);
    CHECK(mode_after(1234, 1235) == 0777);
}
