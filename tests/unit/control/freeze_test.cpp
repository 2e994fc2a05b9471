#include "fusefs/control/watch/freeze.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;

TEST_CASE("Our cgroup and all above it freeze us", "[freeze]") {
    using list = std::vector<std::string>;
    CHECK(freezing_folders("/sys/fs/cgroup", "/") == list{"/sys/fs/cgroup"});
    CHECK(freezing_folders("/cg", "/a/b.scope") == list{"/cg", "/cg/a", "/cg/a/b.scope"});
    CHECK(freezing_folders("", "/a").empty());
    CHECK(freezing_folders("/cg", "").empty());
    CHECK(freezing_folders("/cg", "/../elsewhere").empty());  // outside of our cgroup namespace
}

TEST_CASE("The freezer of cgroup v1 is found where one can be frozen in it", "[freeze]") {
    CHECK(old_freezer("6:freezer:/\n0::/\n").empty());
    CHECK(old_freezer("7:pids:/x\n6:freezer:/lxc/one\n0::/\n") == "/lxc/one");
    CHECK(old_freezer("0::/a\n").empty());
}
