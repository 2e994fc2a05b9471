// One behaviour of a local file system per test, on a real mount.
#include "tests/system/fuse/fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <unistd.h>
#include <vector>

using namespace drainlab::test;

namespace {

struct stat stat_of(const std::string& path) {
    struct stat st {};
    REQUIRE(::lstat(path.c_str(), &st) == 0);
    return st;
}

class file {
  public:
    file(const std::string& path, int flags, mode_t mode = 0644) : fd{::open(path.c_str(), flags | O_CLOEXEC, mode)} {}
    ~file() { ::close(fd); }
    operator int() const { return fd; }
    int fd;
};

}  // namespace

TEST_CASE("What was written is read, across pages and in the middle of them", "[data]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(f >= 0);
    std::string text(10'000, 'a');
    REQUIRE(::pwrite(f, text.data(), text.size(), 0) == 10'000);
    REQUIRE(::pwrite(f, "XYZ", 3, 4095) == 3);
    text.replace(4095, 3, "XYZ");
    CHECK(read_file(m.path("f")) == text);
    CHECK(::fsync(f) == 0);
    REQUIRE(::pwrite(f, "Q", 1, 5000) == 1);  // a partial write that finds no page: the page was dropped
    text[5000] = 'Q';
    CHECK(read_file(m.path("f")) == text);
    CHECK(stat_of(m.path("f")).st_size == 10'000);
}

TEST_CASE("A sparse file reads as zeros, and its holes are found", "[data]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(::pwrite(f, "end", 3, 5'000'000'000) == 3);
    char byte = 'x';
    REQUIRE(::pread(f, &byte, 1, 4'000'000'000) == 1);
    CHECK(byte == 0);
    CHECK(::lseek(f, 0, SEEK_DATA) == 4'999'999'488);  // the page of the end
    CHECK(::lseek(f, 0, SEEK_HOLE) == 0);
    CHECK(stat_of(m.path("f")).st_size == 5'000'000'003);
}

TEST_CASE("Truncation below a page zeroes its rest, and growth brings zeros back", "[data]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT};
    const std::string text(9000, 'b');
    REQUIRE(::pwrite(f, text.data(), text.size(), 0) == 9000);
    REQUIRE(::ftruncate(f, 4100) == 0);
    REQUIRE(::ftruncate(f, 9000) == 0);
    const std::string got = read_file(m.path("f"));
    CHECK(got == text.substr(0, 4100) + std::string(4900, '\0'));
}

TEST_CASE("O_TRUNC, O_APPEND and O_EXCL mean what they say", "[data]") {
    test_mount m;
    write_file(m.path("f"), "first");
    write_file(m.path("f"), "new");  // truncates
    {
        const file f{m.path("f"), O_WRONLY | O_APPEND};
        CHECK(::write(f, "+", 1) == 1);
    }
    CHECK(read_file(m.path("f")) == "new+");
    CHECK(::open(m.path("f").c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600) == -1);
    CHECK(errno == EEXIST);
}

TEST_CASE("O_APPEND from many processes loses nothing", "[data]") {
    test_mount m;
    write_file(m.path("f"), "");
    for (int k = 0; k < 4; ++k)
        if (::fork() == 0) {
            const int f = ::open(m.path("f").c_str(), O_WRONLY | O_APPEND);
            bool ok = true;
            for (int n = 0; n < 50; ++n) ok &= ::write(f, "0123456789", 10) == 10;
            ::_exit(ok ? 0 : 1);
        }
    for (int k = 0, status; k < 4; ++k) {
        REQUIRE(::wait(&status) > 0);
        CHECK(status == 0);
    }
    CHECK(stat_of(m.path("f")).st_size == 4 * 50 * 10);
}

namespace {

/// Writes its own pages of `f`, now and then a long stretch; each time it reads them, and the size, back.
bool write_and_see(int f, int who, int times) {
    const off_t begin = who * 262144;
    std::vector<char> bytes(65536, static_cast<char>('a' + who)), seen;
    for (int n = 0; n < times; ++n) {
        const std::size_t size = n % 8 == 7 ? bytes.size() : 4096;
        const off_t at = begin + n % 16 * 4096;
        if (::pwrite(f, bytes.data(), size, at) != static_cast<ssize_t>(size)) return false;
        struct statx st {};
        if (::statx(f, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_SIZE, &st) != 0) return false;
        if (st.stx_size < static_cast<std::uint64_t>(at) + size) return false;
        seen.assign(size, 0);
        if (::pread(f, seen.data(), size, at) != static_cast<ssize_t>(size)) return false;
        if (!std::equal(seen.begin(), seen.end(), bytes.begin())) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("Eight processes that write and ask at once each see what they have done, and one is killed meanwhile",
          "[data]") {
    test_mount m;
    write_file(m.path("f"), "");
    std::vector<pid_t> all;
    for (int k = 0; k < 8; ++k) {
        all.push_back(::fork());
        if (all.back() == 0) {
            const int f = ::open(m.path("f").c_str(), O_RDWR);
            ::_exit(f >= 0 && write_and_see(f, k, k == 7 ? 1'000'000 : 1000) ? 0 : 1);
        }
    }
    for (int k = 0, status = 0; k < 8; ++k) {
        if (k == 7) ::kill(all[7], SIGKILL);
        REQUIRE(::waitpid(all[static_cast<std::size_t>(k)], &status, 0) > 0);
        CHECK(status == (k == 7 ? SIGKILL : 0));
    }
    CHECK(stat_of(m.path("f")).st_size >= 6 * 262144 + 65536);
}

TEST_CASE("An unlinked open file is readable, writable, and gone at the last close", "[names][ours]") {
    test_mount m{{"--descriptors", "8"}};
    {
        const file f{m.path("f"), O_RDWR | O_CREAT};
        REQUIRE(::unlink(m.path("f").c_str()) == 0);
        REQUIRE(::pwrite(f, "still here", 10, 0) == 10);
        char got[11]{};
        CHECK(::pread(f, got, 10, 0) == 10);
        CHECK(std::string{got} == "still here");
        struct stat st {};
        REQUIRE(::fstat(f, &st) == 0);
        CHECK(st.st_nlink == 0);
        CHECK(st.st_size == 10);
        CHECK(::fsync(f) == 0);
        CHECK(::pread(f, got, 10, 0) == 10);
    }
    CHECK(m.umount() == 0);
    CHECK(m.violations() == 0);
}

TEST_CASE("rename moves, replaces, refuses to replace, and exchanges", "[names]") {
    test_mount m;
    write_file(m.path("a"), "A");
    write_file(m.path("b"), "B");
    CHECK(::renameat2(AT_FDCWD, m.path("a").c_str(), AT_FDCWD, m.path("b").c_str(), RENAME_NOREPLACE) == -1);
    CHECK(errno == EEXIST);
    REQUIRE(::renameat2(AT_FDCWD, m.path("a").c_str(), AT_FDCWD, m.path("b").c_str(), RENAME_EXCHANGE) == 0);
    CHECK(read_file(m.path("a")) == "B");
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    const file held{m.path("b"), O_RDONLY};
    REQUIRE(::rename(m.path("a").c_str(), m.path("b").c_str()) == 0);  // replaces an open file
    char byte{};
    CHECK(::pread(held, &byte, 1, 0) == 1);
    CHECK(byte == 'A');
    REQUIRE(::rename(m.path("b").c_str(), m.path("d/c").c_str()) == 0);
    CHECK(read_file(m.path("d/c")) == "B");
    CHECK(::rename(m.path("d").c_str(), m.path("d/c/x").c_str()) == -1);
}

TEST_CASE("Files are found again after their directories were renamed, with few descriptors", "[names][ours]") {
    test_mount m{{"--descriptors", "4"}};
    std::string deep = m.path("top");
    REQUIRE(::mkdir(deep.c_str(), 0755) == 0);
    for (int k = 0; k < 40; ++k) {
        deep += "/d" + std::to_string(k);
        REQUIRE(::mkdir(deep.c_str(), 0755) == 0);
    }
    write_file(deep + "/f", "deep");
    for (int k = 0; k < 50; ++k) write_file(m.path("other" + std::to_string(k)), "x");
    REQUIRE(::rename(m.path("top").c_str(), m.path("moved").c_str()) == 0);
    deep.replace(deep.find("/top/"), 5, "/moved/");
    CHECK(read_file(deep + "/f") == "deep");
    CHECK(m.counters()["descriptors"] <= 4);
}

TEST_CASE("Hard links share the file; the second name survives the first", "[names]") {
    test_mount m;
    write_file(m.path("a"), "one");
    REQUIRE(::link(m.path("a").c_str(), m.path("b").c_str()) == 0);
    CHECK(stat_of(m.path("b")).st_nlink == 2);
    CHECK(stat_of(m.path("a")).st_ino == stat_of(m.path("b")).st_ino);
    REQUIRE(::unlink(m.path("a").c_str()) == 0);
    CHECK(read_file(m.path("b")) == "one");
    CHECK(stat_of(m.path("b")).st_nlink == 1);
}

TEST_CASE("Names: 255 bytes are fine, 256 are ENAMETOOLONG; symlinks as long as a path may be", "[names]") {
    test_mount m;
    write_file(m.path(std::string(255, 'n')), "x");
    CHECK(::open(m.path(std::string(256, 'n')).c_str(), O_CREAT | O_WRONLY, 0600) == -1);
    CHECK(errno == ENAMETOOLONG);
    const std::string target(4000, 't');
    REQUIRE(::symlink(target.c_str(), m.path("s").c_str()) == 0);
    std::string got(5000, '\0');
    CHECK(::readlink(m.path("s").c_str(), got.data(), got.size()) == 4000);
    CHECK(stat_of(m.path("s")).st_size == 4000);
}

TEST_CASE("A symlink planted in the store leads nowhere", "[names][ours]") {
    temporary_directory store;
    REQUIRE(::symlink("/etc", (store.path() / "way-out").c_str()) == 0);
    test_mount m{{"--store", store.path().string()}};
    CHECK(S_ISLNK(stat_of(m.path("way-out")).st_mode));
    CHECK(read_file(m.path("way-out/passwd")) == read_file("/etc/passwd"));  // followed by the caller's kernel, outside
    CHECK(m.counters()["nodes"] <= 2);                                       // not by us
}

TEST_CASE("A directory of many entries is listed once each while entries come and go", "[directories]") {
    test_mount m;
    constexpr int count = 5000;
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    for (int k = 0; k < count; ++k)
        ::close(::open(m.path("d/s" + std::to_string(k)).c_str(), O_CREAT | O_WRONLY, 0600));
    std::set<std::string> seen;
    int twice = 0, steps = 0;
    DIR* d = ::opendir(m.path("d").c_str());
    REQUIRE(d);
    while (const dirent* e = ::readdir(d)) {
        twice += !seen.insert(e->d_name).second;
        const std::string extra = m.path("d/t" + std::to_string(steps % 7));
        if (++steps % 2)
            ::close(::open(extra.c_str(), O_CREAT | O_WRONLY, 0600));
        else
            ::unlink(extra.c_str());
    }
    CHECK(twice == 0);
    int missing = 0;
    for (int k = 0; k < count; ++k) missing += !seen.contains("s" + std::to_string(k));
    CHECK(missing == 0);
    ::rewinddir(d);
    REQUIRE(::readdir(d) != nullptr);
    const long where = ::telldir(d);
    const std::string next = ::readdir(d)->d_name;
    for (int k = 0; k < 500; ++k) CHECK(::readdir(d) != nullptr);
    ::seekdir(d, where);
    CHECK(std::string{::readdir(d)->d_name} == next);
    ::closedir(d);
    CHECK(::rmdir(m.path("d").c_str()) == -1);
    CHECK(errno == ENOTEMPTY);
}

TEST_CASE("Times: set to the nanosecond, kept across write-back, changed by writing", "[attributes]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(::write(f, "x", 1) == 1);
    const timespec times[2] = {{1'000'000, 123'456'789}, {2'000'000, 987'654'321}};
    REQUIRE(::futimens(f, times) == 0);
    REQUIRE(::fsync(f) == 0);  // writes the page now, long after `times`
    auto st = stat_of(m.path("f"));
    CHECK(st.st_mtim.tv_sec == 2'000'000);
    CHECK(st.st_mtim.tv_nsec == 987'654'321);
    CHECK(st.st_atim.tv_nsec == 123'456'789);
    const timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
    REQUIRE(::futimens(f, omit) == 0);
    st = stat_of(m.path("f"));
    CHECK(st.st_atim.tv_sec == 1'000'000);
    CHECK(st.st_mtim.tv_sec > 1'000'000'000);
    REQUIRE(::futimens(f, times) == 0);
    REQUIRE(::write(f, "y", 1) == 1);
    CHECK(stat_of(m.path("f")).st_mtim.tv_sec > 1'000'000'000);
}

TEST_CASE("New files belong to their maker, in a setgid directory to its group", "[attributes]") {
    if (::geteuid() != 0) return;
    test_mount m;
    REQUIRE(::chmod(m.dir().c_str(), 0777) == 0);
    REQUIRE(::mkdir(m.path("shared").c_str(), 0777) == 0);
    if (::chown(m.path("shared").c_str(), 0, 12345) != 0) return;  // a user namespace that maps only root
    REQUIRE(::chmod(m.path("shared").c_str(), 02777) == 0);
    if (::fork() == 0) {
        ::umask(027);
        if (::setgid(1234) || ::setuid(1234)) ::_exit(1);
        ::close(::open(m.path("mine").c_str(), O_CREAT | O_WRONLY, 0666));
        ::close(::open(m.path("shared/ours").c_str(), O_CREAT | O_WRONLY, 0666));
        ::mkdir(m.path("shared/sub").c_str(), 0777);
        ::_exit(0);
    }
    int status = 1;
    REQUIRE(::wait(&status) > 0);
    CHECK(status == 0);
    const auto mine = stat_of(m.path("mine")), ours = stat_of(m.path("shared/ours")),
               sub = stat_of(m.path("shared/sub"));
    CHECK(mine.st_uid == 1234);
    CHECK(mine.st_gid == 1234);
    CHECK((mine.st_mode & 07777) == 0640);
    CHECK(ours.st_gid == 12345);
    CHECK(sub.st_gid == 12345);
    CHECK((sub.st_mode & S_ISGID));
}

TEST_CASE("Writing and chown take setuid and setgid bits away", "[attributes]") {
    if (::geteuid() != 0) return;
    test_mount m;
    write_file(m.path("f"), "x");
    if (::chown(m.path("f").c_str(), 1234, 1234) != 0) return;
    REQUIRE(::chmod(m.path("f").c_str(), 06755) == 0);
    CHECK((stat_of(m.path("f")).st_mode & 07777) == 06755);
    if (::fork() == 0) {
        if (::setgid(1234) || ::setuid(1234)) ::_exit(1);
        const int f = ::open(m.path("f").c_str(), O_WRONLY);
        ::_exit(::write(f, "y", 1) == 1 ? 0 : 1);
    }
    int status = 1;
    REQUIRE(::wait(&status) > 0);
    REQUIRE(status == 0);
    CHECK((stat_of(m.path("f")).st_mode & 06000) == 0);
}

TEST_CASE("Extended attributes: set, get, list, sizes, ERANGE, removal", "[xattr]") {
    test_mount m;
    write_file(m.path("f"), "x");
    const std::string path = m.path("f");
    const char* const f = path.c_str();
    if (::setxattr(f, "user.colour", "blue", 4, 0) != 0 && errno == EOPNOTSUPP) return;  // tmpfs before 6.6
    char value[16]{};
    CHECK(::getxattr(f, "user.colour", nullptr, 0) == 4);
    CHECK(::getxattr(f, "user.colour", value, 2) == -1);
    CHECK(errno == ERANGE);
    CHECK(::getxattr(f, "user.colour", value, sizeof value) == 4);
    CHECK(std::string{value} == "blue");
    CHECK(::setxattr(f, "user.colour", "red", 3, XATTR_CREATE) == -1);
    CHECK(errno == EEXIST);
    char list[64]{};
    CHECK(::listxattr(f, list, sizeof list) == 12);
    CHECK(::removexattr(f, "user.colour") == 0);
    CHECK(::getxattr(f, "user.colour", value, sizeof value) == -1);
    CHECK(errno == ENODATA);
}

TEST_CASE("fallocate reserves, punches holes, zeroes", "[data]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT};
    const std::string text(12'288, 'c');
    REQUIRE(::pwrite(f, text.data(), text.size(), 0) == 12'288);
    REQUIRE(::fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) == 0);
    CHECK(read_file(m.path("f")) == text.substr(0, 4096) + std::string(4096, '\0') + text.substr(0, 4096));
    REQUIRE(::fallocate(f, 0, 0, 20'000) == 0);
    CHECK(stat_of(m.path("f")).st_size == 20'000);
    REQUIRE(::fallocate(f, FALLOC_FL_KEEP_SIZE, 0, 40'000) == 0);
    CHECK(stat_of(m.path("f")).st_size == 20'000);
}

TEST_CASE("copy_file_range copies what is only in the page cache", "[data]") {
    test_mount m;
    const file from{m.path("a"), O_RDWR | O_CREAT}, to{m.path("b"), O_RDWR | O_CREAT};
    const std::string text(6000, 'd');
    REQUIRE(::pwrite(from, text.data(), text.size(), 0) == 6000);
    loff_t in = 1000, out = 0;
    CHECK(::copy_file_range(from, &in, to, &out, 5000, 0) == 5000);
    CHECK(read_file(m.path("b")) == text.substr(1000));
}

TEST_CASE("FIFOs and sockets can be made; ioctl is ENOTTY", "[names]") {
    test_mount m;
    CHECK(::mkfifo(m.path("p").c_str(), 0600) == 0);
    CHECK(S_ISFIFO(stat_of(m.path("p")).st_mode));
    CHECK(::mknod(m.path("s").c_str(), S_IFSOCK | 0600, 0) == 0);
    const file f{m.path("f"), O_RDWR | O_CREAT};
    CHECK(::isatty(f) == 0);
    CHECK(errno == ENOTTY);
}

TEST_CASE("A shared mapping written by two processes is what a reader sees", "[data][ours]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(::ftruncate(f, 8192) == 0);
    auto* const p = static_cast<char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
    REQUIRE(p != MAP_FAILED);
    if (::fork() == 0) {
        p[5000] = 'c';
        ::_exit(0);
    }
    p[1] = 'p';
    ::wait(nullptr);
    REQUIRE(::msync(p, 8192, MS_SYNC) == 0);
    ::munmap(p, 8192);
    const std::string got = read_file(m.path("f"));
    CHECK(got[1] == 'p');
    CHECK(got[5000] == 'c');
    CHECK(m.counters()["guessed"] >= 8192);
}

TEST_CASE("A read-only mount refuses to write, with EROFS", "[mount]") {
    test_mount m{{"-o", "ro"}};
    CHECK(::open(m.path("f").c_str(), O_CREAT | O_WRONLY, 0600) == -1);
    CHECK(errno == EROFS);
}
