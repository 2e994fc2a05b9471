#include "fusefs/control/mount_word.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;
using kind = mount_word::kind;

TEST_CASE("a word for a mount is read as what it looks like", "[control]") {
    CHECK(readings_of("17") == std::vector<mount_word>{{kind::id, "17"}});
    CHECK(readings_of("/mnt/a") == std::vector<mount_word>{{kind::dir, "/mnt/a"}});
    CHECK(readings_of("vol") == std::vector<mount_word>{{kind::name, "vol"}});
    CHECK(readings_of("0:45") == std::vector<mount_word>{{kind::name, "0:45"}, {kind::dev, "0:45"}});
    CHECK(readings_of("0:45:1") == std::vector<mount_word>{{kind::name, "0:45:1"}});
    CHECK(readings_of(":") == std::vector<mount_word>{{kind::name, ":"}});
    CHECK(readings_of("") == std::vector<mount_word>{{kind::name, ""}});
}

TEST_CASE("a prefix says how a word for a mount is meant, unless it is somebody's name", "[control]") {
    CHECK(readings_of("dev:0:45") == std::vector<mount_word>{{kind::dev, "0:45"}, {kind::name, "dev:0:45"}});
    CHECK(readings_of("name:17") == std::vector<mount_word>{{kind::name, "17"}, {kind::name, "name:17"}});
    CHECK(readings_of("id:17").front() == mount_word{kind::id, "17"});
    CHECK(readings_of("dir:/a").front() == mount_word{kind::dir, "/a"});
}

TEST_CASE("names are bytes, and may be written as they are printed", "[control]") {
    CHECK(spells("a\\x0ab", "a\nb"));
    CHECK(spells("a\nb", "a\nb"));
    CHECK_FALSE(spells("a", "b"));
}
