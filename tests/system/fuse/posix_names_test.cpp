// Links, renames, many entries: one behaviour per test, as a local file system has it.
#include "tests/system/fuse/fixture.hpp"
#include "tests/system/fuse/posix.hpp"

#include <catch2/catch.hpp>

#include <sys/xattr.h>

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <unistd.h>
#include <vector>

using namespace drainlab::test;

namespace {

void touch(const std::string& path) { REQUIRE(opened(path, O_CREAT | O_WRONLY) >= 0); }

}  // namespace

TEST_CASE("rename of directories: onto an empty one, not onto a full one, and '..' follows", "[names]") {
    test_mount m;
    for (const char* d : {"a", "a/in", "empty", "full", "full/in"}) REQUIRE(::mkdir(m.path(d).c_str(), 0755) == 0);
    const auto rename = [&](const char* from, const char* to) {
        return failure(::rename(m.path(from).c_str(), m.path(to).c_str()));
    };
    CHECK(rename("a", "full") == ENOTEMPTY);
    CHECK(rename("a", "empty") == 0);
    CHECK(rename("empty/in", "full/moved") == 0);
    CHECK(status_of(m.path("full/moved/..")).st_ino == status_of(m.path("full")).st_ino);
    CHECK(status_of(m.path("empty")).st_nlink == 2);
    CHECK(status_of(m.path("full")).st_nlink == 4);
    CHECK(rename("full", "full") == 0);
    CHECK(rename("none", "x") == ENOENT);
}

TEST_CASE("renameat2: exchange of a file and a directory, and flags that do not go together", "[names]") {
    test_mount m;
    write_file(m.path("f"), "file");
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    write_file(m.path("d/in"), "inside");
    const auto rename = [&](const char* from, const char* to, unsigned flags) {
        return failure(::renameat2(AT_FDCWD, m.path(from).c_str(), AT_FDCWD, m.path(to).c_str(), flags));
    };
    REQUIRE(rename("f", "d", RENAME_EXCHANGE) == 0);
    CHECK(read_file(m.path("d")) == "file");
    CHECK(read_file(m.path("f/in")) == "inside");
    CHECK(rename("f", "none", RENAME_EXCHANGE) == ENOENT);
    CHECK(rename("f", "g", RENAME_EXCHANGE | RENAME_NOREPLACE) == EINVAL);
    CHECK(rename("f", "g", RENAME_NOREPLACE) == 0);
}

TEST_CASE("rename of one name of a file onto another does nothing", "[names]") {
    test_mount m;
    write_file(m.path("a"), "x");
    REQUIRE(::link(m.path("a").c_str(), m.path("b").c_str()) == 0);
    CHECK(failure(::rename(m.path("a").c_str(), m.path("b").c_str())) == 0);
    CHECK(status_of(m.path("a")).st_nlink == 2);
    CHECK(read_file(m.path("b")) == "x");
}

TEST_CASE("A symlink has links, times and an owner of its own", "[names]") {
    test_mount m;
    REQUIRE(::symlink("nowhere", m.path("s").c_str()) == 0);
    REQUIRE(::link(m.path("s").c_str(), m.path("t").c_str()) == 0);
    CHECK(S_ISLNK(status_of(m.path("t")).st_mode));
    CHECK(status_of(m.path("s")).st_nlink == 2);
    const timespec times[2] = {{5, 50}, {6, 60}};
    CHECK(failure(::utimensat(AT_FDCWD, m.path("s").c_str(), times, AT_SYMLINK_NOFOLLOW)) == 0);
    CHECK(status_of(m.path("t")).st_mtim.tv_nsec == 60);
    CHECK(failure(::lchown(m.path("s").c_str(), ::getuid(), ::getgid())) == 0);
    CHECK(failure(::open(m.path("s").c_str(), O_RDONLY | O_NOFOLLOW)) == ELOOP);
    CHECK(failure(::open(m.path("s").c_str(), O_RDONLY)) == ENOENT);
    REQUIRE(::symlink("loop", m.path("loop").c_str()) == 0);
    CHECK(failure(::open(m.path("loop").c_str(), O_RDONLY)) == ELOOP);
}

TEST_CASE("A file opened with O_PATH is what it was after its name has gone", "[names]") {
    test_mount m;
    write_file(m.path("f"), "text");
    const opened path{m.path("f"), O_PATH};
    REQUIRE(::unlink(m.path("f").c_str()) == 0);
    write_file(m.path("f"), "another");
    struct stat st {};
    REQUIRE(::fstat(path, &st) == 0);
    CHECK(st.st_size == 4);
    CHECK(st.st_nlink == 0);
    CHECK(read_file("/proc/self/fd/" + std::to_string(path)) == "text");
}

TEST_CASE("A working directory that was removed", "[names]") {
    test_mount m;
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    CHECK(as_user(0, 0, [&] {
              if (::chdir(m.path("d").c_str()) || ::rmdir(m.path("d").c_str())) return 1;
              if (failure(::open("f", O_CREAT | O_WRONLY, 0600)) != ENOENT) return 2;
              char where[4096];
              if (::getcwd(where, sizeof where) || errno != ENOENT) return 3;
              return ::chdir("..") == 0 ? 0 : 4;
          }) == 0);
}

TEST_CASE("A hundred thousand entries: listed once each while some go and others come, and all removed",
          "[directories]") {
    test_mount m;
    constexpr int count = 100'000;
    const std::string many = m.path("many");
    REQUIRE(::mkdir(many.c_str(), 0755) == 0);
    const opened at{many, O_RDONLY | O_DIRECTORY};
    const auto name = [](int k) { return "e" + std::to_string(k); };
    for (int k = 0; k < count; ++k) REQUIRE(::mknodat(at, name(k).c_str(), S_IFREG | 0600, 0) == 0);
    std::vector<char> seen(count);
    int twice = 0, steps = 0, gone = 0;
    DIR* const d = ::opendir(many.c_str());
    REQUIRE(d);
    while (const dirent* e = ::readdir(d)) {
        int k = 0;
        if (std::sscanf(e->d_name, "e%d", &k) != 1) continue;
        if (k >= count) continue;  // made meanwhile: seen or not
        twice += seen[static_cast<std::size_t>(k)]++ > 0;
        if (++steps % 10) continue;
        touch(many + "/" + name(count + steps));
        gone += ::unlinkat(at, e->d_name, 0) == 0;
    }
    CHECK(twice == 0);
    CHECK(steps == count);
    CHECK(gone == count / 10);
    ::rewinddir(d);
    int left = 0;
    std::vector<std::string> names;
    while (const dirent* e = ::readdir(d))
        if (e->d_name[0] == 'e') names.emplace_back(e->d_name), ++left;
    ::closedir(d);
    CHECK(left == count);  // a tenth went, a tenth came
    int removed = 0;
    for (const auto& n : names) removed += ::unlinkat(at, n.c_str(), 0) == 0;
    CHECK(removed == left);
    CHECK(failure(::rmdir(many.c_str())) == 0);
}
