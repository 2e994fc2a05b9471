// Files, names, locks and mappings: one behaviour per test, as a local file system has it.
#include "tests/system/fuse/fixture.hpp"
#include "tests/system/fuse/posix.hpp"

#include <catch2/catch.hpp>

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <unistd.h>

using namespace drainlab::test;

TEST_CASE("O_TMPFILE is refused cleanly", "[names][ours]") {
    test_mount m;
    CHECK(failure(::open(m.dir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) == EOPNOTSUPP);
}

TEST_CASE("A symlink's target may have 4095 bytes and no more", "[names]") {
    test_mount m;
    const std::string longest(4095, 't');
    CHECK(failure(::symlink(std::string(4096, 't').c_str(), m.path("t").c_str())) == ENAMETOOLONG);
    REQUIRE(failure(::symlink(longest.c_str(), m.path("s").c_str())) == 0);
    std::string got(5000, '\0');
    CHECK(::readlink(m.path("s").c_str(), got.data(), got.size()) == 4095);
    CHECK(got.substr(0, 4095) == longest);
}

TEST_CASE("A name of 256 bytes is ENAMETOOLONG to every call that makes one", "[names]") {
    test_mount m;
    write_file(m.path("f"), "x");
    const std::string f = m.path("f"), name = m.path(std::string(256, 'n'));
    CHECK(failure(::mkdir(name.c_str(), 0700)) == ENAMETOOLONG);
    CHECK(failure(::symlink("x", name.c_str())) == ENAMETOOLONG);
    CHECK(failure(::link(f.c_str(), name.c_str())) == ENAMETOOLONG);
    CHECK(failure(::rename(f.c_str(), name.c_str())) == ENAMETOOLONG);
    CHECK(failure(::mkfifo(name.c_str(), 0600)) == ENAMETOOLONG);
    CHECK(failure(::access(name.c_str(), F_OK)) == ENAMETOOLONG);
}

TEST_CASE("Names and directories in each other's way", "[names]") {
    test_mount m;
    write_file(m.path("f"), "x");
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    REQUIRE(::mkdir(m.path("d/e").c_str(), 0755) == 0);
    const auto at = [&](const char* n) { return m.path(n); };
    CHECK(failure(::mkdir(at("f").c_str(), 0700)) == EEXIST);
    CHECK(failure(::unlink(at("d").c_str())) == EISDIR);
    CHECK(failure(::rmdir(at("f").c_str())) == ENOTDIR);
    CHECK(failure(::rmdir(at("d").c_str())) == ENOTEMPTY);
    CHECK(failure(::rename(at("d").c_str(), at("d/e/x").c_str())) == EINVAL);
    CHECK(failure(::rename(at("f").c_str(), at("d").c_str())) == EISDIR);
    CHECK(failure(::rename(at("d").c_str(), at("f").c_str())) == ENOTDIR);
    CHECK(failure(::link(at("d").c_str(), at("l").c_str())) == EPERM);
    CHECK(failure(::open(at("f/x").c_str(), O_RDONLY)) == ENOTDIR);
    CHECK(failure(::open(at("d").c_str(), O_WRONLY)) == EISDIR);
    CHECK(failure(::open(at("f").c_str(), O_RDONLY | O_DIRECTORY)) == ENOTDIR);
    CHECK(failure(::unlink(at("none").c_str())) == ENOENT);
}

TEST_CASE("An open directory that was removed is empty, and takes no more entries", "[names]") {
    test_mount m;
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    const opened d{m.path("d"), O_RDONLY | O_DIRECTORY};
    REQUIRE(::rmdir(m.path("d").c_str()) == 0);
    CHECK(failure(::openat(d, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == ENOENT);
    struct stat st {};
    CHECK(::fstat(d, &st) == 0);
    CHECK(st.st_nlink == 0);
}

TEST_CASE("A FIFO carries bytes, a socket connects, a device node is what it says", "[names]") {
    test_mount m;
    REQUIRE(::mkfifo(m.path("p").c_str(), 0600) == 0);
    const pid_t writer = ::fork();
    if (writer == 0) {
        const int f = ::open(m.path("p").c_str(), O_WRONLY);
        ::_exit(::write(f, "through", 7) == 7 ? 0 : 1);
    }
    {
        const opened p{m.path("p"), O_RDONLY};
        char got[8]{};
        CHECK(::read(p, got, 7) == 7);
        CHECK(std::string{got} == "through");
    }
    ::waitpid(writer, nullptr, 0);
    const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
              c = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, m.path("s").c_str(), sizeof name.sun_path - 1);
    const auto* const address = reinterpret_cast<const sockaddr*>(&name);
    CHECK(failure(::bind(s, address, sizeof name)) == 0);
    CHECK(failure(::listen(s, 1)) == 0);
    CHECK(failure(::connect(c, address, sizeof name)) == 0);
    ::close(s);
    ::close(c);
    if (::mknod(m.path("null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0) {
        CHECK(status_of(m.path("null")).st_rdev == makedev(1, 3));
        CHECK(S_ISCHR(status_of(m.path("null")).st_mode));
    } else {
        CHECK(errno == EPERM);  // in a user namespace
    }
}

TEST_CASE("A file beyond 4 GiB: written, read, found, cut", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    constexpr off_t at = (off_t{1} << 40) + 12'345;
    REQUIRE(::pwrite(f, "far", 3, at) == 3);
    REQUIRE(::fsync(f) == 0);
    char got[4]{};
    CHECK(::pread(f, got, 3, at) == 3);
    CHECK(std::string{got} == "far");
    CHECK(status_of(m.path("f")).st_size == at + 3);
    CHECK(status_of(m.path("f")).st_blocks <= 64);
    CHECK(::lseek(f, 0, SEEK_DATA) == at - at % 4096);
    CHECK(failure(::lseek(f, at + 3, SEEK_DATA)) == ENXIO);
    REQUIRE(::ftruncate(f, 10) == 0);
    CHECK(status_of(m.path("f")).st_size == 10);
}

TEST_CASE("O_DIRECT writes and reads what others see", "[data]") {
    test_mount m;
    void* page = nullptr;
    REQUIRE(::posix_memalign(&page, 4096, 8192) == 0);
    std::memset(page, 'd', 8192);
    const opened direct{m.path("f"), O_RDWR | O_CREAT | O_DIRECT}, plain{m.path("f"), O_RDWR};
    REQUIRE(direct >= 0);
    CHECK(::pwrite(direct, page, 8192, 0) == 8192);
    CHECK(read_file(m.path("f")) == std::string(8192, 'd'));
    REQUIRE(::pwrite(plain, "PLAIN", 5, 4096) == 5);
    CHECK(::pread(direct, page, 4096, 4096) == 4096);
    CHECK(std::string(static_cast<char*>(page), 6) == "PLAINd");
    ::free(page);
}

TEST_CASE("Of many who create with O_EXCL one wins", "[names]") {
    test_mount m;
    for (int k = 0; k < 8; ++k)
        if (::fork() == 0) {
            const int f = ::open(m.path("f").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
            ::_exit(f >= 0 ? 1 : errno == EEXIST ? 0 : 2);
        }
    int winners = 0, strange = 0;
    for (int k = 0, status; k < 8 && ::wait(&status) > 0; ++k) {
        winners += WEXITSTATUS(status) == 1;
        strange += WEXITSTATUS(status) > 1;
    }
    CHECK(winners == 1);
    CHECK(strange == 0);
}

TEST_CASE("flock excludes, and goes with its holder", "[locks]") {
    test_mount m;
    write_file(m.path("f"), "x");
    const opened f{m.path("f"), O_RDWR};
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t holder = ::fork();
    if (holder == 0) {
        const int own = ::open(m.path("f").c_str(), O_RDWR);
        static_cast<void>(!::write(ready[1], ::flock(own, LOCK_EX) == 0 ? "y" : "n", 1));
        ::pause();
    }
    char answer{};
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    CHECK(failure(::flock(f, LOCK_EX | LOCK_NB)) == EWOULDBLOCK);
    CHECK(failure(::flock(f, LOCK_SH | LOCK_NB)) == EWOULDBLOCK);
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
    CHECK(failure(::flock(f, LOCK_EX | LOCK_NB)) == 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("Record locks exclude by range, tell their owner, and go with any close", "[locks]") {
    test_mount m;
    write_file(m.path("f"), std::string(100, 'x'));
    const opened f{m.path("f"), O_RDWR};
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_start = 10;
    lock.l_len = 10;
    REQUIRE(::fcntl(f, F_SETLK, &lock) == 0);
    const auto child_gets = [&](off_t start) {
        return as_user(0, 0, [&] {
            const int own = ::open(m.path("f").c_str(), O_RDWR);
            struct flock wanted {};
            wanted.l_type = F_WRLCK;
            wanted.l_start = start;
            wanted.l_len = 5;
            struct flock who = wanted;
            if (::fcntl(own, F_GETLK, &who) != 0) return 99;
            if (who.l_type != F_UNLCK && who.l_pid != ::getppid()) return 98;
            return failure(::fcntl(own, F_SETLK, &wanted));
        });
    };
    CHECK(child_gets(0) == 0);
    CHECK(child_gets(15) == EAGAIN);
    { const opened another{m.path("f"), O_RDONLY}; }  // POSIX: this close lets all locks of the process go
    CHECK(child_gets(15) == 0);
}

TEST_CASE("Touching a mapped page beyond a truncation is SIGBUS; the page that remains is zero beyond the end",
          "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    const std::string text(8192, 'm');
    REQUIRE(::write(f, text.data(), text.size()) == 8192);
    auto* const p = static_cast<volatile char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
    REQUIRE(p != MAP_FAILED);
    CHECK(p[5000] == 'm');
    REQUIRE(::ftruncate(f, 100) == 0);
    CHECK(p[99] == 'm');
    CHECK(p[100] == 0);
    CHECK(as_user(0, 0, [&] { return static_cast<int>(p[5000]); }) == 128 + SIGBUS);
    ::munmap(const_cast<char*>(p), 8192);
    CHECK(read_file(m.path("f")) == std::string(100, 'm'));
}

TEST_CASE("A shared mapping carries a counter through many processes", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(::ftruncate(f, 4096) == 0);
    auto* const n = static_cast<std::uint32_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
    REQUIRE(n != MAP_FAILED);
    for (int k = 0; k < 4; ++k)
        if (::fork() == 0) {
            for (int i = 0; i < 1000; ++i) __atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
            ::_exit(0);
        }
    for (int k = 0; k < 4; ++k) ::wait(nullptr);  // the server is a child, too
    CHECK(*n == 4000);
    ::munmap(n, 4096);
    const std::string got = read_file(m.path("f"));
    std::uint32_t stored = 0;
    std::memcpy(&stored, got.data(), sizeof stored);
    CHECK(stored == 4000);
}

TEST_CASE("statfs tells the store's figures, and a written file takes from them", "[mount]") {
    temporary_directory store;
    test_mount m{{"--store", store.path().string()}};
    struct statvfs here {
    }, there{};
    REQUIRE(::statvfs(m.dir().c_str(), &here) == 0);
    REQUIRE(::statvfs(store.path().c_str(), &there) == 0);
    CHECK(here.f_blocks == there.f_blocks);
    CHECK(here.f_frsize == there.f_frsize);
    CHECK(here.f_files == there.f_files);
    CHECK(here.f_namemax == 255);
    test_mount in_memory;
    struct statvfs before_it {
    }, after{};
    REQUIRE(::statvfs(in_memory.dir().c_str(), &before_it) == 0);
    const opened f{in_memory.path("f"), O_RDWR | O_CREAT};
    const std::string part(1 << 20, 's');
    REQUIRE(::write(f, part.data(), part.size()) == 1 << 20);
    REQUIRE(::fsync(f) == 0);
    REQUIRE(::statvfs(in_memory.dir().c_str(), &after) == 0);
    CHECK((before_it.f_bfree - after.f_bfree) * after.f_frsize >= 1 << 20);
}

TEST_CASE("sync and syncfs return; an unknown ioctl is ENOTTY", "[mount]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(::write(f, "x", 1) == 1);
    CHECK(failure(::syncfs(f)) == 0);
    int value = 0;
    CHECK(failure(::ioctl(f, _IOR('d', 99, int), &value)) == ENOTTY);
}

TEST_CASE("A private store leaves nothing behind", "[mount]") {
    const auto leftovers = [] {
        int n = 0;
        for (const char* where : {"/dev/shm", "/tmp"}) {
            DIR* const d = ::opendir(where);
            while (const dirent* e = d ? ::readdir(d) : nullptr) n += !std::strncmp(e->d_name, "drainlab-store-", 15);
            if (d) ::closedir(d);
        }
        return n;
    };
    const int before_it = leftovers();
    {
        test_mount m;
        write_file(m.path("f"), "x");
    }
    CHECK(leftovers() <= before_it);
}
