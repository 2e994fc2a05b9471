// The emulated device on a real mount: as slow as asked for, and errors that reach whom they concern.
#include "tests/system/fuse/fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <chrono>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::test;

namespace {

class file {
  public:
    file(const std::string& path, int flags) : fd{::open(path.c_str(), flags | O_CLOEXEC, 0644)} {}
    ~file() {
        if (fd >= 0) ::close(fd);
    }
    int close_now() {
        const int rc = ::close(fd);
        fd = -1;
        return rc == 0 ? 0 : errno;
    }
    operator int() const { return fd; }
    int fd;
};

int error_of(long rc) { return rc < 0 ? errno : 0; }

double ms_of(const auto& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("A slow device is really that slow, and says so", "[device]") {
    test_mount m{{"--latency", "20000", "--flush", "30000"}};
    const file f{m.path("f"), O_RDWR | O_CREAT};
    REQUIRE(::write(f, "x", 1) == 1);
    CHECK(ms_of([&] { CHECK(::fsync(f) == 0); }) >= 50);
    auto seen = m.counters("observed");
    CHECK(seen["requests"] == 1);
    CHECK(seen["wanted_us"] == 20'000);
    CHECK(seen["took_us"] >= 20'000);
    CHECK(seen["flushes"] == 1);
    CHECK(seen["flush_wanted_us"] == 30'000);
    CHECK(seen["flush_took_us"] >= 30'000);
}

TEST_CASE("A write-back error is told once to each open file, by fsync or close, and to nobody else", "[errors]") {
    test_mount m;
    REQUIRE(m.ask("errors write /some 1 EIO 0") == "ok");  // else, in memory, a file is not asked at close
    const file writer{m.path("f"), O_RDWR | O_CREAT}, reader{m.path("f"), O_RDONLY}, closer{m.path("f"), O_WRONLY};
    file other{m.path("other"), O_RDWR | O_CREAT};
    REQUIRE(m.ask("errors write /f 1 EDQUOT 0") == "ok");
    CHECK(::write(writer, "x", 1) == 1);  // only into the page cache
    CHECK(error_of(::fsync(writer)) == EDQUOT);
    CHECK(::fsync(writer) == 0);
    REQUIRE(m.ask("errors") == "ok");
    CHECK(error_of(::fsync(reader)) == EDQUOT);
    CHECK(::fsync(reader) == 0);
    CHECK(const_cast<file&>(closer).close_now() == EDQUOT);
    CHECK(::fsync(other) == 0);
    CHECK(other.close_now() == 0);
    const file later{m.path("f"), O_RDONLY};
    CHECK(::fsync(later) == 0);  // it has been told
}

TEST_CASE("A write-back error that nobody has seen is told to whom opens the file next", "[errors]") {
    test_mount m;
    REQUIRE(m.ask("errors write /f 1 EIO 0") == "ok");
    {
        file f{m.path("f"), O_RDWR | O_CREAT};
        REQUIRE(::write(f, "x", 1) == 1);
        CHECK(f.close_now() == 0);  // not written yet
    }
    const file keeps{m.path("f"), O_RDWR};  // opened before the flusher comes
    REQUIRE(::write(keeps, "y", 1) == 1);
    CHECK(error_of(::fsync(keeps)) == EIO);
}

TEST_CASE("An O_SYNC write fails itself", "[errors]") {
    test_mount m;
    const file f{m.path("f"), O_RDWR | O_CREAT | O_SYNC};
    REQUIRE(m.ask("errors write * 1 ENOSPC 0") == "ok");
    CHECK(error_of(::write(f, "x", 1)) == ENOSPC);
    REQUIRE(m.ask("errors") == "ok");
    CHECK(::write(f, "x", 1) == 1);
}

TEST_CASE("fsync and read errors reach the caller", "[errors]") {
    test_mount m;
    write_file(m.path("f"), "text");
    const file f{m.path("f"), O_RDWR};
    REQUIRE(::fsync(f) == 0);  // the page has gone from the daemon's cache
    REQUIRE(m.ask("errors read /f 1 EIO 0 fsync /f 1 EROFS 0") == "ok");
    char byte{};
    REQUIRE(::posix_fadvise(f, 0, 0, POSIX_FADV_DONTNEED) == 0);
    const file direct{m.path("f"), O_RDONLY | O_DIRECT};
    CHECK(error_of(::pread(direct, &byte, 1, 0)) == EIO);
    CHECK(error_of(::fsync(f)) == EROFS);
    REQUIRE(m.ask("errors") == "ok");
    CHECK(::pread(f, &byte, 1, 0) == 1);
    CHECK(byte == 't');
    CHECK(::fsync(f) == 0);
}

TEST_CASE("Each operation on a name or its attributes can fail, and only on the paths meant", "[errors]") {
    test_mount m;
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    write_file(m.path("d/f"), "x");
    const auto at = [&](const char* name) { return m.path(name); };
    const auto with = [&](const std::string& rule) { REQUIRE(m.ask("errors " + rule) == "ok"); };
    with("create /d/* 1 EMFILE 0");
    CHECK(error_of(::open(at("d/new").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == EMFILE);
    CHECK(file{at("new"), O_CREAT | O_WRONLY} >= 0);
    with("open /d/f 1 EACCES 0");
    CHECK(error_of(::open(at("d/f").c_str(), O_RDONLY | O_CLOEXEC)) == EACCES);
    with("mkdir /d/sub 1 EDQUOT 0");
    CHECK(error_of(::mkdir(at("d/sub").c_str(), 0700)) == EDQUOT);
    with("symlink * 1 EIO 0");
    CHECK(error_of(::symlink("a", at("s").c_str())) == EIO);
    with("link * 1 EIO 0");
    CHECK(error_of(::link(at("d/f").c_str(), at("l").c_str())) == EIO);
    with("mknod * 1 EIO 0");
    CHECK(error_of(::mkfifo(at("p").c_str(), 0600)) == EIO);
    with("unlink * 1 EIO 0");
    CHECK(error_of(::unlink(at("d/f").c_str())) == EIO);
    with("rename /d/f 1 EIO 0");
    CHECK(error_of(::rename(at("d/f").c_str(), at("g").c_str())) == EIO);
    with("rmdir * 1 EIO 0");
    CHECK(error_of(::rmdir(at("d").c_str())) == EIO);
    with("setattr * 1 EIO 0");
    CHECK(error_of(::chmod(at("d/f").c_str(), 0600)) == EIO);
    with("truncate * 1 EIO 0");
    CHECK(error_of(::truncate(at("d/f").c_str(), 0)) == EIO);
    with("setxattr * 1 ENOSPC 0");
    CHECK(error_of(::setxattr(at("d/f").c_str(), "user.a", "b", 1, 0)) == ENOSPC);
    with("getxattr * 1 EIO 0");
    CHECK(error_of(::listxattr(at("d/f").c_str(), nullptr, 0)) == EIO);
    with("readdir /d 1 EIO 0");
    DIR* const d = ::opendir(at("d").c_str());
    REQUIRE(d);
    errno = 0;
    CHECK(::readdir(d) == nullptr);
    CHECK(errno == EIO);
    ::closedir(d);
    with("");
    CHECK(read_file(at("d/f")) == "x");
    CHECK(::unlink(at("d/f").c_str()) == 0);
}

TEST_CASE("A probability is kept, and the same seed fails the same requests", "[errors]") {
    test_mount m;
    const auto failures = [&](const std::string& seed) {
        REQUIRE(m.ask("errors unlink * 0.3 EIO " + seed) == "ok");
        std::string which;
        for (int k = 0; k < 200; ++k) {
            const bool failed = ::unlink(m.path("none").c_str()) != 0 && errno == EIO;
            write_file(m.path("f"), "x");
            which += ::unlink(m.path("f").c_str()) != 0 ? '!' : '.';
            CHECK_FALSE(failed);  // ENOENT comes from the kernel's lookup
        }
        return which;
    };
    const std::string first = failures("7");
    const auto count = std::count(first.begin(), first.end(), '!');
    CHECK(count > 30);
    CHECK(count < 90);
    CHECK(failures("7") == first);
    CHECK(failures("8") != first);
}

TEST_CASE("With errors of every kind the mount still ends, and only bytes that nobody heard of are a violation",
          "[errors]") {
    test_mount m;
    REQUIRE(m.ask("errors any * 0.2 EIO 1") == "ok");
    for (int k = 0; k < 300; ++k) {
        const std::string path = m.path("f" + std::to_string(k % 5));
        const int f = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (f < 0) continue;
        static_cast<void>(::pwrite(f, path.data(), path.size(), k * 1000));
        if (k % 3 == 0) ::fsync(f);
        if (k % 7 == 0) ::unlink(path.c_str());
        ::close(f);
    }
    CHECK(m.umount() == 0);
    CHECK(m.violations() == m.bytes_lost());
}
