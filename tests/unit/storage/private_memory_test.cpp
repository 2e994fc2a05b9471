// The private stores of a daemon: one file system in memory, a directory each.
#include "fusefs/storage/private_memory.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

using namespace drainlab::storage;

namespace {

struct stat look(int fd, const char* name = "") {
    struct stat st {};
    REQUIRE(::fstatat(fd, name, &st, AT_EMPTY_PATH) == 0);
    return st;
}

void put(int dir, const char* name) {
    REQUIRE(unique_fd{::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)});
}

}  // namespace

TEST_CASE("private stores lie on one file system and see nothing of each other", "[private_memory]") {
    private_memory memory;
    memory_directory one, other;
    const auto mask = ::umask(077);
    const auto first = memory.make(one), second = memory.make(other);
    ::umask(mask);
    if (!first) {
        WARN("skipped: no file system in memory may be had here");
        return;
    }
    REQUIRE(second);
    CHECK(look(first.get()).st_dev == look(second.get()).st_dev);
    CHECK(look(first.get()).st_ino != look(second.get()).st_ino);
    CHECK((look(first.get()).st_mode & 07777) == 0755);
    put(first.get(), "file");
    CHECK(::faccessat(second.get(), "file", F_OK, 0) != 0);
}

TEST_CASE("a private store is gone with its owner; the others stay", "[private_memory]") {
    private_memory memory;
    memory_directory one, other;
    const auto first = memory.make(one), second = memory.make(other);
    if (!first) return;
    put(second.get(), "file");
    one.remove();
    CHECK(look(first.get()).st_nlink == 0);
    CHECK(look(second.get()).st_nlink == 2);
    CHECK(look(second.get(), "file").st_nlink == 1);
    one.remove();  // once is enough
}

TEST_CASE("a store outlives the memory that it was made in", "[private_memory]") {
    memory_directory one;
    unique_fd fd;
    {
        private_memory memory;
        fd = memory.make(one);
    }
    if (!fd) return;
    put(fd.get(), "file");
    CHECK(look(fd.get(), "file").st_nlink == 1);
}

TEST_CASE("a tree is removed however deep it is, and nothing beside it", "[private_memory]") {
    const drainlab::tests::own_folder f;
    const unique_fd top{::open(f.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    REQUIRE(::mkdirat(top.get(), "1", 0700) == 0);
    REQUIRE(::mkdirat(top.get(), "10", 0700) == 0);
    put(top.get(), "file");
    REQUIRE(::symlinkat("../file", top.get(), "1/link") == 0);
    unique_fd at{::openat(top.get(), "1", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    for (int depth = 0; depth < 2000; ++depth) {  // more than there may be descriptors
        put(at.get(), "file");
        REQUIRE(::mkdirat(at.get(), "empty", 0) == 0);
        REQUIRE(::mkdirat(at.get(), "deeper", 0700) == 0);
        unique_fd next{::openat(at.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        REQUIRE(::fchmodat(at.get(), "deeper", 0, 0) == 0);  // its owner may not even look into it
        at = std::move(next);
    }
    at.reset();
    remove_tree(top.get(), "1");
    std::vector<std::string> left;
    for (const auto& e : std::filesystem::directory_iterator{f.dir}) left.push_back(e.path().filename());
    std::sort(left.begin(), left.end());
    CHECK(left == std::vector<std::string>{"10", "file"});
}
