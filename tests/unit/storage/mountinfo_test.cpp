#include "fusefs/storage/mountinfo.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::storage;

TEST_CASE("A line of mountinfo is taken apart, with blanks in names and any number of tags", "[mountinfo]") {
    const auto m = parse_mountinfo_line(
        R"(36 35 0:42 / /mnt/a\040b rw,noatime master:1 propagate_from:2 - fuse.drainfs my\040name rw,user_id=0)");
    CHECK(m.id == 36);
    CHECK(m.major == 0);
    CHECK(m.minor == 42);
    CHECK(m.mount_point == "/mnt/a b");
    CHECK(m.source == "my name");
    CHECK(m.ours());
    CHECK_FALSE(parse_mountinfo_line("1 0 8:1 / / rw - ext4 /dev/root rw").ours());
}

TEST_CASE("A path lies on the mount with the longest mount point above it, the last of equals", "[mountinfo]") {
    const std::vector<mount_entry> mounts{
        {1, 8, 1, "/", "ext4", "a"}, {2, 0, 2, "/mnt", "tmpfs", "b"}, {3, 0, 3, "/mnt", "fuse.drainfs", "c"}};
    CHECK(mount_of(mounts, "/mnt/x")->id == 3);
    CHECK(mount_of(mounts, "/mnt")->id == 3);
    CHECK(mount_of(mounts, "/mntx")->id == 1);
    CHECK(mount_of({}, "/x") == nullptr);
}

TEST_CASE("A path is opened only if its text tells where it leads", "[mountinfo]") {
    char name[] = "/tmp/drainlab-test-XXXXXX";
    REQUIRE(::mkdtemp(name));
    const std::string dir = name, link = dir + "/link";
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
    ::unlink(link.c_str());
    ::rmdir(name);
}
