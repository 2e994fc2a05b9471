// A mount's life: busy, gone, mounted again; and what its end leaves in the store.
#include "fusefs/fuse/mounting.hpp"
#include "tests/system/fuse/fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::test;

namespace {

/// Runs a shell command; its standard output.
std::string output_of(const std::string& command) {
    FILE* const p = ::popen(command.c_str(), "r");
    REQUIRE(p);
    std::string text;
    char part[4096];
    for (std::size_t n; (n = std::fread(part, 1, sizeof part, p)) > 0;) text.append(part, n);
    ::pclose(p);
    return text;
}

}  // namespace

TEST_CASE("umount is EBUSY while a file is open, nothing is lost, and works afterwards", "[mount]") {
    test_mount m;
    const int f = ::open(m.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    REQUIRE(::write(f, "kept", 4) == 4);
    CHECK(m.umount() == EBUSY);
    CHECK(read_file(m.path("f")) == "kept");
    ::close(f);
    CHECK(m.umount() == 0);
    CHECK(m.violations() == 0);
}

TEST_CASE("A copied tree has the same sums, also after a remount on the same store", "[mount]") {
    temporary_directory store;
    const std::string sums = "cd /usr/include/linux && find . -type f -exec sha256sum {} + | sort";
    const std::string want = output_of(sums);
    REQUIRE(want.size() > 10'000);
    const auto sums_in = [&](const test_mount& m) {
        return output_of("cd " + m.path("tree") + " && find . -type f -exec sha256sum {} + | sort");
    };
    {
        test_mount m{{"--store", store.path().string(), "--descriptors", "32"}};
        REQUIRE(std::system(("cp -a /usr/include/linux " + m.path("tree")).c_str()) == 0);
        CHECK(sums_in(m) == want);
        CHECK(m.umount() == 0);
        CHECK(m.violations() == 0);
    }
    CHECK(output_of("cd " + (store.path() / "tree").string() + " && find . -type f -exec sha256sum {} + | sort") ==
          want);
    test_mount again{{"--store", store.path().string(), "--keep"}};
    CHECK(sums_in(again) == want);
}

TEST_CASE("Unsynced bytes are in the store after a clean umount, and after the last close of a lazy one", "[mount]") {
    temporary_directory store;
    const std::string text(300'000, 'z');
    SECTION("umount") {
        test_mount m{{"--store", store.path().string()}};
        write_file(m.path("f"), text);
        REQUIRE(m.umount() == 0);
    }
    SECTION("detach, then close") {
        test_mount m{{"--store", store.path().string()}};
        const int f = ::open(m.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(::umount2(m.dir().c_str(), MNT_DETACH) == 0);
        REQUIRE(::write(f, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
        ::close(f);
    }  // the fixture waits for the server's end
    CHECK(read_file((store.path() / "f").string()) == text);
}

TEST_CASE("After SIGKILL of the server everything synced is in the store", "[mount]") {
    temporary_directory store;
    test_mount m{{"--store", store.path().string()}};
    const int f = ::open(m.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    const std::string text(100'000, 's');
    REQUIRE(::write(f, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE(::fsync(f) == 0);
    ::kill(m.server(), SIGKILL);
    ::close(f);
    CHECK(read_file((store.path() / "f").string()) == text);
}

TEST_CASE("A dirty limit throttles the writer and refuses nothing", "[data][ours]") {
    test_mount m{{"--dirty", "1048576", "--latency", "1000"}};
    const int f = ::open(m.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    const std::string part(256 * 1024, 'w');
    std::uint64_t most = 0;
    for (int k = 0; k < 40; ++k) {
        REQUIRE(::write(f, part.data(), part.size()) == static_cast<ssize_t>(part.size()));
        most = std::max(most, m.counters()["dirty"]);
    }
    CHECK(most <= 1048576 + part.size());
    ::close(f);
    CHECK(m.umount() == 0);
}

TEST_CASE("A cache limit bounds the pages that stay", "[data][ours]") {
    test_mount m{{"--keep", "--cache", "4194304"}};
    const std::string part(1 << 20, 'c');
    for (int k = 0; k < 20; ++k) {
        const int f = ::open(m.path("f" + std::to_string(k)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(::write(f, part.data(), part.size()) == static_cast<ssize_t>(part.size()));
        REQUIRE(::fsync(f) == 0);
        ::close(f);
    }
    CHECK(m.counters()["cached"] <= 4194304 + part.size());
    CHECK(read_file(m.path("f0")) == part);
}

TEST_CASE("One O_SYNC write is one round of writeback", "[data][ours]") {
    test_mount m;
    const int f = ::open(m.path("f").c_str(), O_RDWR | O_CREAT | O_SYNC | O_CLOEXEC, 0644);
    const std::string page(4096, 'p');
    const auto before = m.counters()["rounds"];
    for (int k = 0; k < 10; ++k) REQUIRE(::pwrite(f, page.data(), page.size(), 0) == 4096);
    CHECK(m.counters()["rounds"] - before == 10);
    CHECK(m.counters()["dirty"] == 0);
    ::close(f);
}

TEST_CASE("Nothing is left of ten thousand files that came and went", "[leaks][ours]") {
    test_mount m;
    const auto before = m.counters();
    for (int k = 0; k < 10'000; ++k) {
        const std::string path = m.path("f" + std::to_string(k % 10));
        const int f = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(::write(f, "x", 1) == 1);
        ::close(f);
        REQUIRE(::unlink(path.c_str()) == 0);
    }
    ::sync();
    auto after = m.counters();
    for (int k = 0; k < 100 && after["nodes"] > before.at("nodes"); ++k) {
        ::usleep(10'000);
        after = m.counters();
    }
    CHECK(after["nodes"] <= before.at("nodes"));
    CHECK(after["open"] == 0);
    CHECK(after["cached"] == 0);
    const auto fds = output_of("ls /proc/" + std::to_string(m.server()) + "/fd | wc -l");
    CHECK(std::stoi(fds) < 30);
}

TEST_CASE("a directory that was covered by a drainfs mount since it was looked up is not mounted on again", "[mount]") {
    using namespace drainlab;
    if (::geteuid() != 0) return;  // fusermount3 takes no descriptor
    temporary_directory dir;
    const os::unique_fd place{::open(dir.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    fuse::session_options o;
    o.dir = dir.path();
    o.name = "first";
    fuse::new_mount first, second;
    std::string error;
    REQUIRE(fuse::make_mount(o, first, error) == 0);  // nobody serves it: nobody may be asked
    o.place = place.get();
    CHECK(fuse::make_mount(o, second, error) == EBUSY);
    CHECK(error == "mount point " + dir.path().string() + ": is already a drainfs mount; unmount it first");
    fuse::unmake_mount(o, first);
}
