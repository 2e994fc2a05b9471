// Who pays for a page: whoever brought it in. With real cgroups, made and removed here.
#include "fusefs/fuse/caller.hpp"
#include "tests/system/fuse/fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <unistd.h>

using namespace drainlab::test;

namespace {

/// A cgroup v2 of our own, removed at the end.
class cgroup {
  public:
    explicit cgroup(const std::string& name) : name_{"drainlab-" + std::to_string(::getpid()) + "-" + name} {
        path_ = drainlab::fuse::cgroup2_root() / name_;
        made_ = ::mkdir(path_.c_str(), 0755) == 0;
    }
    ~cgroup() { remove(); }
    bool made() const { return made_; }
    const std::string& name() const { return name_; }
    bool remove() { return ::rmdir(path_.c_str()) == 0; }

    /// Runs `work` in a child that sits in this cgroup. True if it returned true.
    bool run(const std::function<bool()>& work) const {
        const pid_t child = ::fork();
        if (child == 0) {
            const int procs = ::open((path_ / "cgroup.procs").c_str(), O_WRONLY);
            if (procs < 0 || ::write(procs, "0", 1) != 1) ::_exit(2);
            ::_exit(work() ? 0 : 1);
        }
        int status = 1;
        ::waitpid(child, &status, 0);
        return status == 0;
    }

  private:
    std::string name_;
    std::filesystem::path path_;
    bool made_{};
};

bool write_pages(const std::string& path, const std::vector<int>& indices, int flags = 0) {
    const int f = ::open(path.c_str(), O_RDWR | O_CREAT | flags, 0644);
    const std::string page(4096, 'o');
    bool ok = f >= 0;
    for (const int k : indices) ok &= ::pwrite(f, page.data(), page.size(), k * 4096) == 4096;
    ::close(f);
    return ok;
}

/// Past the kernel's own cache.
bool read_pages(const std::string& path, off_t first, std::size_t count) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECT);
    auto* const pages = static_cast<char*>(::aligned_alloc(4096, count * 4096));
    const auto size = static_cast<ssize_t>(count * 4096);
    return ::pread(fd, pages, count * 4096, first * 4096) == size;
}

std::string owners(test_mount& m, const std::string& path) {
    struct stat st {};
    REQUIRE(::stat(path.c_str(), &st) == 0);
    return m.ask("owners " + std::to_string(st.st_ino));
}

}  // namespace

TEST_CASE("Two cgroups bring in alternating pages, and each page's owner is right", "[ownership]") {
    const cgroup a{"a"}, b{"b"};
    if (!a.made() || !b.made()) return;  // cgroup v2 cannot be written to here
    test_mount m{{"--identity", "cgroup"}};
    const std::string f = m.path("f");
    REQUIRE(a.run([&] { return write_pages(f, {0, 2, 4, 6}); }));
    REQUIRE(b.run([&] { return write_pages(f, {1, 3, 5, 7}); }));
    std::string want;
    for (int k = 0; k < 8; ++k) want += std::to_string(k) + "=" + (k % 2 ? b.name() : a.name()) + " ";
    CHECK(owners(m, f) == want);

    SECTION("dirtying a page again does not change its owner") {
        REQUIRE(b.run([&] { return write_pages(f, {0, 2}); }));
        CHECK(owners(m, f) == want);
    }
    SECTION("a page dropped after write-back is charged anew, a kept one is not") {
        const int fd = ::open(f.c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(::fsync(fd) == 0);
        ::close(fd);
        CHECK(owners(m, f) == "");
        REQUIRE(b.run([&] { return write_pages(f, {0}); }));
        CHECK(owners(m, f) == "0=" + b.name() + " ");
    }
}

TEST_CASE("With --page-cache keep the first owner stays the owner", "[ownership]") {
    const cgroup a{"a"}, b{"b"};
    if (!a.made() || !b.made()) return;
    test_mount m{{"--identity", "cgroup", "--keep"}};
    const std::string f = m.path("f");
    REQUIRE(a.run([&] { return write_pages(f, {0}, O_SYNC); }));
    REQUIRE(b.run([&] { return write_pages(f, {0}, O_SYNC); }));
    CHECK(owners(m, f) == "0=" + a.name() + " ");
}

TEST_CASE("A reader that brings a page in pays for it; a partial write that finds none pays as well", "[ownership]") {
    const cgroup a{"a"}, b{"b"};
    if (!a.made() || !b.made()) return;
    test_mount m{{"--identity", "cgroup"}};
    const std::string f = m.path("f");
    REQUIRE(write_pages(f, {0, 1}, O_SYNC));
    REQUIRE(a.run([&] {
        char byte;
        const int fd = ::open(f.c_str(), O_RDONLY | O_DIRECT);  // past the kernel's own cache
        auto* const page = static_cast<char*>(::aligned_alloc(4096, 4096));
        return ::pread(fd, page, 4096, 0) == 4096 && ((byte = page[0]), byte == 'o');
    }));
    REQUIRE(b.run([&] {
        const int fd = ::open(f.c_str(), O_WRONLY);
        return ::pwrite(fd, "x", 1, 4096 + 7) == 1;
    }));
    CHECK(owners(m, f) == "0=" + a.name() + " 1=" + b.name() + " ");
}

TEST_CASE("A read of pages that are somebody's already is nobody's business; one that brings in another is",
          "[ownership]") {
    const cgroup a{"a"}, b{"b"}, c{"c"};
    if (!a.made() || !b.made() || !c.made()) return;
    test_mount m{{"--identity", "cgroup"}};
    const std::string f = m.path("f");
    REQUIRE(write_pages(f, {0, 1, 2}, O_SYNC));
    REQUIRE(a.run([&] { return read_pages(f, 0, 2); }));
    const auto known = m.counters()["memcgs"];
    REQUIRE(b.run([&] { return read_pages(f, 0, 2) && read_pages(f, 1, 1); }));
    CHECK(m.counters()["memcgs"] == known);
    CHECK(owners(m, f) == "0=" + a.name() + " 1=" + a.name() + " ");
    REQUIRE(c.run([&] { return read_pages(f, 1, 2); }));
    CHECK(m.counters()["memcgs"] == known + 1);
    CHECK(owners(m, f) == "0=" + a.name() + " 1=" + a.name() + " 2=" + c.name() + " ");
}

TEST_CASE("Mapped writes are charged to a cgroup that opened the file, and counted as guessed", "[ownership]") {
    const cgroup a{"a"};
    if (!a.made()) return;
    test_mount m{{"--identity", "cgroup"}};
    const std::string f = m.path("f");
    REQUIRE(a.run([&] {
        const int fd = ::open(f.c_str(), O_RDWR | O_CREAT, 0644);
        if (::ftruncate(fd, 4096) != 0) return false;
        auto* const p = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        p[0] = 'm';
        return ::munmap(p, 4096) == 0;  // writes the page
    }));
    CHECK(owners(m, f) == "0=" + a.name() + " ");
    CHECK(m.counters()["guessed"] == 4096);
}

TEST_CASE("The death of a cgroup is noticed; another of the same name is another", "[ownership]") {
    test_mount m{{"--identity", "cgroup"}};
    const auto before = m.counters()["memcgs"];
    const std::string f = m.path("f");
    for (int k = 0; k < 20; ++k) {
        cgroup same{"same"};
        if (!same.made()) return;
        REQUIRE(same.run([&] { return write_pages(f, {0}, O_SYNC); }));
        REQUIRE(same.remove());
    }
    auto now = m.counters()["memcgs"];
    for (int k = 0; k < 200 && now > before + 1; ++k) {
        ::usleep(10'000);
        now = m.counters()["memcgs"];
    }
    CHECK(now <= before + 1);  // the last may still own the inode
    CHECK(m.umount() == 0);
    CHECK(m.violations() == 0);
}

TEST_CASE("By session: two sessions are two owners, without any cgroup", "[ownership]") {
    test_mount m{{"--identity", "session"}};
    const std::string f = m.path("f");
    std::vector<std::string> names;
    for (int k = 0; k < 2; ++k) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::setsid();
            ::_exit(write_pages(f, {k}) ? 0 : 1);
        }
        names.push_back("session:" + std::to_string(child));
        int status = 1;
        ::waitpid(child, &status, 0);
        REQUIRE(status == 0);
    }
    CHECK(owners(m, f) == "0=" + names[0] + " 1=" + names[1] + " ");
}
