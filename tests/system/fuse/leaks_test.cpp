// Files that come and go leave nothing in the daemon: no descriptor, no memory, no inode.
#include "tests/system/fuse/fixture.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace drainlab::test;

namespace {

/// VmRSS of a process, KiB.
long resident_kib(pid_t pid) {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string word; in >> word;)
        if (word == "VmRSS:") {
            long kib = 0;
            in >> kib;
            return kib;
        }
    return 0;
}

int descriptors(pid_t pid) {
    int n = 0;
    DIR* const d = ::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
    REQUIRE(d);
    while (::readdir(d)) ++n;
    ::closedir(d);
    return n;
}

/// 200 names at a time, each made, written, closed, opened again and removed.
void come_and_go(const test_mount& m, int files) {
    for (int k = 0; k < files; ++k) {
        const std::string path = m.path("f" + std::to_string(k % 200));
        const int f = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(f >= 0);
        REQUIRE(::write(f, "x", 1) == 1);
        ::close(f);
        const int again = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(again >= 0);
        if (k % 2) ::close(again);
        REQUIRE(::unlink(path.c_str()) == 0);
        if (k % 2 == 0) ::close(again);  // the last close comes after the name has gone
    }
}

}  // namespace

// DRAINLAB_LEAK_FILES=1000000 system_fuse "[leaks]" for the long run.
TEST_CASE("Descriptors, memory and inodes return to their level after many files", "[leaks]") {
    const char* const wanted = std::getenv("DRAINLAB_LEAK_FILES");
    const int files = wanted ? std::atoi(wanted) : 20'000;
    test_mount m;
    come_and_go(m, 5'000);  // memory that is kept for use again has been taken by now
    const auto settled = [&] {
        auto now = m.counters();
        for (int k = 0; k < 300 && (now["nodes"] > 1 || now["cached"] > 0); ++k) {
            ::usleep(10'000);
            now = m.counters();
        }
        return now;
    };
    const auto before = settled();
    const long kib = resident_kib(m.server());
    const int fds = descriptors(m.server());
    come_and_go(m, files);
    auto after = settled();
    CHECK(after["nodes"] == before.at("nodes"));
    CHECK(after["inodes"] == before.at("inodes"));
    CHECK(after["open"] == 0);
    CHECK(after["cached"] == 0);
    CHECK(descriptors(m.server()) <= fds);
    WARN(files << " files: " << kib << " KiB before, " << resident_kib(m.server()) << " KiB after");
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed, to see who uses it
    CHECK(resident_kib(m.server()) < kib + 4096);
#endif
}
