#include "fusefs/fuse/mounting.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::fuse;

TEST_CASE("Mounts are nosuid and nodev unless asked; the later of two words wins", "[options]") {
    mount_flags f;
    std::string unknown;
    REQUIRE(parse_mount_options({}, f, unknown));
    CHECK(f.nosuid);
    CHECK(f.nodev);
    CHECK_FALSE(f.ro);
    REQUIRE(parse_mount_options({"suid", "ro", "rw", "dev", "noexec"}, f, unknown));
    CHECK_FALSE(f.nosuid);
    CHECK_FALSE(f.nodev);
    CHECK_FALSE(f.ro);
    CHECK(f.noexec);
}

TEST_CASE("An unknown mount option is named", "[options]") {
    mount_flags f;
    std::string unknown;
    CHECK_FALSE(parse_mount_options({"ro", "fast"}, f, unknown));
    CHECK(unknown == "fast");
}
