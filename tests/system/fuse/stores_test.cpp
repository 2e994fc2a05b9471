// Stores that cannot do everything, or whose daemon may not:
// each fallback and each refusal that docs/filesystem.md names.
#include "tests/system/fuse/fixture.hpp"
#include "tests/system/fuse/posix.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <list>
#include <set>
#include <string>
#include <unistd.h>

using namespace drainlab::test;

namespace {

/// A file system of our own for a store. Not there (false) where it cannot be mounted.
class foreign_store {
  public:
    foreign_store(const char* type, const char* data) {
        there_ = ::mount("store", where_.path().c_str(), type, 0, data) == 0;
        if (!there_) WARN("without " << type << ": it cannot be mounted here");
    }
    ~foreign_store() {
        if (there_) ::umount2(where_.path().c_str(), MNT_DETACH);
    }
    explicit operator bool() const { return there_; }
    std::vector<std::string> as_option() const { return {"--store", where_.path().string()}; }
    std::string path(const char* name) const { return where_.path() / name; }

  private:
    temporary_directory where_;
    bool there_;
};

void files_work(const test_mount& m) {
    write_file(m.path("f"), std::string(10'000, 'w'));
    const opened f{m.path("f"), O_RDWR};
    CHECK(::pwrite(f, "X", 1, 5000) == 1);
    CHECK(failure(::fsync(f)) == 0);
    CHECK(read_file(m.path("f")) == std::string(5000, 'w') + "X" + std::string(4999, 'w'));
    CHECK(failure(::ftruncate(f, 6000)) == 0);
    REQUIRE(failure(::mkdir(m.path("d").c_str(), 0755)) == 0);
    CHECK(failure(::rename(m.path("f").c_str(), m.path("d/g").c_str())) == 0);
    CHECK(failure(::symlink("g", m.path("d/s").c_str())) == 0);
    CHECK(read_file(m.path("d/s")).size() == 6000);
    CHECK(failure(::unlink(m.path("d/g").c_str())) == 0);
    CHECK(::pwrite(f, "Y", 1, 0) == 1);  // unlinked, still open
    CHECK(failure(::fsync(f)) == 0);
}

/// Writes until it fails. @return how much was taken.
std::size_t fill(int f, int& err) {
    const std::string part(64 << 10, 'f');
    std::size_t taken = 0;
    ssize_t n = 0;
    while (taken < (8u << 20) && (n = ::write(f, part.data(), part.size())) > 0) taken += static_cast<std::size_t>(n);
    err = failure(n);
    return taken;
}

}  // namespace

TEST_CASE("A store on ramfs: no fallocate, no user xattrs, no ACLs; all else works", "[store]") {
    const foreign_store store{"ramfs", nullptr};
    if (!store) return;
    test_mount m{store.as_option()};
    files_work(m);
    const opened f{m.path("h"), O_RDWR | O_CREAT};
    CHECK(failure(::fallocate(f, 0, 0, 4096)) == EOPNOTSUPP);
    CHECK(failure(::fsetxattr(f, "user.a", "b", 1, 0)) == EOPNOTSUPP);
    CHECK(failure(::fsetxattr(f, "system.posix_acl_access", "\2\0\0\0", 4, 0)) == EOPNOTSUPP);
}

TEST_CASE("A store on overlayfs", "[store]") {
    const foreign_store base{"tmpfs", nullptr};
    if (!base) return;
    for (const char* d : {"lower", "upper", "work"}) ::mkdir(base.path(d).c_str(), 0755);
    write_file(base.path("lower/below"), "from below");
    const foreign_store store{"overlay", ("lowerdir=" + base.path("lower") + ",upperdir=" + base.path("upper") +
                                          ",workdir=" + base.path("work"))
                                             .c_str()};
    if (!store) return;
    test_mount m{store.as_option()};
    files_work(m);
    CHECK(read_file(m.path("below")) == "from below");
    const opened f{m.path("below"), O_RDWR};  // copied up
    REQUIRE(f >= 0);
    CHECK(::pwrite(f, "FROM", 4, 0) == 4);
    CHECK(failure(::fsync(f)) == 0);
    CHECK(read_file(base.path("upper/below")) == "FROM below");
    CHECK(read_file(base.path("lower/below")) == "from below");
}

TEST_CASE("Another file system mounted inside the store is EXDEV", "[store]") {
    const foreign_store store{"tmpfs", nullptr};
    if (!store) return;
    ::mkdir(store.path("in").c_str(), 0755);
    REQUIRE(::mount("in", store.path("in").c_str(), "tmpfs", 0, nullptr) == 0);
    {
        test_mount m{store.as_option()};
        struct stat st {};
        CHECK(failure(::lstat(m.path("in").c_str(), &st)) == EXDEV);
        CHECK(failure(::rmdir(m.path("in").c_str())) == EXDEV);
    }
    ::umount2(store.path("in").c_str(), MNT_DETACH);
}

TEST_CASE("A bind mount of the same file system, and a mount of our own, inside the store are EXDEV", "[store]") {
    const foreign_store store{"tmpfs", nullptr};
    if (!store) return;
    for (const char* d : {"in", "other", "self"}) ::mkdir(store.path(d).c_str(), 0755);
    test_mount m{store.as_option()};
    REQUIRE(::mount(store.path("other").c_str(), store.path("in").c_str(), nullptr, MS_BIND, nullptr) == 0);
    REQUIRE(::mount(m.path("").c_str(), store.path("self").c_str(), nullptr, MS_BIND, nullptr) == 0);
    struct stat st {};
    for (const char* d : {"in", "self"}) {
        INFO(d);
        CHECK(failure(::lstat(m.path(d).c_str(), &st)) == EXDEV);
        CHECK(failure(::rmdir(m.path(d).c_str())) == EXDEV);
    }
    CHECK(failure(::rename(m.path("self").c_str(), m.path("moved").c_str())) == EXDEV);
    CHECK(failure(::lstat(m.path("other").c_str(), &st)) == 0);
    ::umount2(store.path("self").c_str(), MNT_DETACH);
    ::umount2(store.path("in").c_str(), MNT_DETACH);
}

TEST_CASE("A full store in memory says so to write()", "[store][errors]") {
    const foreign_store store{"tmpfs", "size=256k"};
    if (!store) return;
    test_mount m{store.as_option()};
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    int err = 0;
    CHECK(fill(f, err) <= 256 << 10);
    CHECK(err == ENOSPC);
    CHECK(::fsync(f) == 0);  // what was taken is there
    REQUIRE(::ftruncate(f, 0) == 0);
    CHECK(::pwrite(f, "fits", 4, 0) == 4);
    CHECK(::fsync(f) == 0);
    CHECK(read_file(store.path("f")) == "fits");
}

TEST_CASE("Behind a slow device a full store says so to write(), too", "[store][errors]") {
    const foreign_store store{"tmpfs", "size=256k"};
    if (!store) return;
    auto options = store.as_option();
    options.insert(options.end(), {"--latency", "100"});
    test_mount m{options};
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    int err = 0;
    CHECK(fill(f, err) <= 256 << 10);
    CHECK(err == ENOSPC);
    CHECK(::fsync(f) == 0);  // what was taken is there
    REQUIRE(::ftruncate(f, 0) == 0);
    CHECK(::pwrite(f, "fits", 4, 0) == 4);
    CHECK(::fsync(f) == 0);
    CHECK(read_file(store.path("f")) == "fits");
}

TEST_CASE("A store out of inodes says so, and gives them back", "[store][errors]") {
    const foreign_store store{"tmpfs", "nr_inodes=20"};
    if (!store) return;
    test_mount m{store.as_option()};
    int made = 0, err = 0;
    for (; made < 100 && !err; ++made) {
        const opened f{m.path("f" + std::to_string(made)), O_CREAT | O_WRONLY};
        err = failure(f);
    }
    CHECK(err == ENOSPC);
    CHECK(failure(::mkdir(m.path("d").c_str(), 0755)) == ENOSPC);
    CHECK(failure(::symlink("x", m.path("s").c_str())) == ENOSPC);
    REQUIRE(::unlink(m.path("f0").c_str()) == 0);
    bool again = false;  // once the kernel has told that nobody knows the file any more
    for (int k = 0; k < 500 && !again; ++k, ::usleep(2000)) again = opened(m.path("again"), O_CREAT | O_WRONLY) >= 0;
    CHECK(again);
}

TEST_CASE("A store that is mounted read-only reads, and is EROFS to all that changes it", "[store][errors]") {
    const foreign_store store{"tmpfs", nullptr};
    if (!store) return;
    write_file(store.path("f"), "text");
    REQUIRE(::mount(nullptr, store.path("").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    test_mount m{store.as_option()};
    CHECK(read_file(m.path("f")) == "text");
    CHECK(failure(::open(m.path("new").c_str(), O_CREAT | O_WRONLY, 0600)) == EROFS);
    CHECK(failure(::open(m.path("f").c_str(), O_WRONLY)) == EROFS);
    CHECK(failure(::truncate(m.path("f").c_str(), 0)) == EROFS);
    CHECK(failure(::unlink(m.path("f").c_str())) == EROFS);
    CHECK(failure(::chmod(m.path("f").c_str(), 0600)) == EROFS);
    CHECK(failure(::mkdir(m.path("d").c_str(), 0700)) == EROFS);
}

TEST_CASE("A daemon out of descriptors says EMFILE, and recovers", "[errors][store]") {
    test_mount m{{"--nofile", "40"}};
    for (int k = 0; k < 60; ++k) write_file(m.path("f" + std::to_string(k)), "text");
    {
        std::list<opened> held;
        int err = 0;
        for (int k = 0; k < 60 && !err; ++k) err = failure(held.emplace_back(m.path("f" + std::to_string(k)), O_RDWR));
        CHECK(err == EMFILE);
        CHECK(held.size() > 5);
        char byte{};
        CHECK(::pread(held.front(), &byte, 1, 0) == 1);
    }
    for (int k = 0; k < 500 && m.counters()["open"] > 0; ++k) ::usleep(2000);  // a close() is told later
    for (int k = 0; k < 60; ++k) {
        INFO(k);
        CHECK(failure(opened{m.path("f" + std::to_string(k)), O_RDONLY}) == 0);
        CHECK(read_file(m.path("f" + std::to_string(k))) == "text");
    }
    CHECK(m.umount() == 0);
    CHECK(m.violations() == 0);
}

TEST_CASE("Without fsmount(2) a private store is a directory of 0700, gone at the end", "[store]") {
    const auto leftovers = [] {
        int n = 0;
        DIR* const d = ::opendir("/dev/shm");
        while (const dirent* e = d ? ::readdir(d) : nullptr) {
            const std::string name = e->d_name;
            if (!name.starts_with("drainlab-store-") || name.ends_with(".lock")) continue;
            ++n;
            CHECK((status_of("/dev/shm/" + std::string{e->d_name}).st_mode & 077) == 0);
        }
        if (d) ::closedir(d);
        return n;
    };
    if (::access("/dev/shm", W_OK) != 0) return;
    const int before_it = leftovers();
    {
        test_mount m{{"--deny", "fsopen", "--deny", "unshare"}};
        CHECK(leftovers() == before_it + 1);
        files_work(m);
        CHECK(m.umount() == 0);
        CHECK(m.violations() == 0);
    }
    CHECK(leftovers() == before_it);
}

TEST_CASE("Without pidfds the caller's cgroup is read from /proc", "[identity]") {
    test_mount m{{"--deny", "pidfd_open"}};
    files_work(m);
    CHECK(m.counters()["unknown"] == 0);
}

TEST_CASE("A private store's directory is listed from the kernel's cache, and anew after each change",
          "[store][ours]") {
    if (std::getenv("DRAINLAB_STORE_IN")) return;  // then the store is not private
    test_mount m;
    constexpr std::size_t count = 5000;
    REQUIRE(::mkdir(m.path("d").c_str(), 0755) == 0);
    for (std::size_t k = 0; k < count; ++k) write_file(m.path("d/" + std::to_string(k)), "");
    const auto list = [&] {
        std::set<std::string> names;
        DIR* const d = ::opendir(m.path("d").c_str());
        while (const dirent* e = d ? ::readdir(d) : nullptr) names.insert(e->d_name);
        if (d) ::closedir(d);
        return names;
    };
    const auto requests = [&] { return m.counters()["requests"]; };
    CHECK(list().size() == count + 2);
    const auto before = requests();
    CHECK(list().size() == count + 2);
    CHECK(requests() - before < 6);  // opened and released, its attributes perhaps; 5000 entries take more than that
    CHECK(::unlink(m.path("d/17").c_str()) == 0);
    CHECK(list().count("17") == 0);
    CHECK(::rename(m.path("d/18").c_str(), m.path("d/renamed").c_str()) == 0);
    const auto now = list();
    CHECK(now.count("renamed") == 1);
    CHECK(now.count("18") == 0);
    CHECK(now.size() == count + 1);
}
