#include "fusefs/storage/open_outside.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::storage;

TEST_CASE("A path is opened only if its text tells where it leads", "[open_outside]") {
    const drainlab::tests::own_folder own;
    const std::string &dir = own.dir, link = own / "link";
    REQUIRE(::symlink("/etc", link.c_str()) == 0);
    unique_fd fd;
    std::string error;
    CHECK(open_outside(dir, O_RDONLY | O_DIRECTORY, "store", fd, error) == 0);
    CHECK(fd);
    CHECK(open_outside(link, O_RDONLY | O_DIRECTORY, "store", fd, error) == ELOOP);
    CHECK(error == "store " + link + ": has a symlink in it; name the real path (see realpath)");
    CHECK(open_outside("etc", O_RDONLY, "store", fd, error) == EINVAL);
    CHECK(open_outside("/tmp/../etc", O_RDONLY, "store", fd, error) == EINVAL);
    CHECK(open_outside(dir + "/none", O_RDONLY, "store", fd, error) == ENOENT);
}

TEST_CASE("What the kernel has in memory is opened without waiting, and tells that no drainfs mount is there",
          "[open_outside]") {
    const drainlab::tests::own_folder own;
    const std::string link = own / "link";
    REQUIRE(::symlink(own.dir.c_str(), link.c_str()) == 0);
    CHECK(open_cached(own.dir));
    CHECK_FALSE(open_cached(link));
    CHECK_FALSE(open_cached(own / "none"));
    for (const auto& path : {own.dir, link, own / "none", std::string{"/proc"}}) CHECK_FALSE(drainfs_below(path));
}
