#include "fusefs/fuse/caller.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <unistd.h>

using namespace drainlab::fuse;

TEST_CASE("The cgroup v2 path is the line that begins with 0::", "[caller]") {
    CHECK(parse_cgroup_path("0::/user.slice\n") == "/user.slice");
    CHECK(parse_cgroup_path("9:name=systemd:/a\n4:memory:/b\n0::/fuse/a b\n") == "/fuse/a b");
    CHECK(parse_cgroup_path("0::/gone (deleted)\n") == "/gone");
    CHECK(parse_cgroup_path("0::/\n") == "/");
    CHECK(parse_cgroup_path("4:memory:/b\n") == std::nullopt);
    CHECK(parse_cgroup_path("") == std::nullopt);
    CHECK(parse_cgroup_path("0::/no-newline") == "/no-newline");
}

TEST_CASE("the supplementary groups of a thread, from its status") {
    std::istringstream some{"Name:\tcat\nGid:\t1\t1\t1\t1\nGroups:\t4 24 1000 \nNStgid:\t7\n"},
        none{"Name:\tcat\nGroups:\t \n"}, not_there{"Name:\tcat\n"};
    CHECK(parse_groups(some) == std::vector<gid_t>{4, 24, 1000});
    CHECK(parse_groups(none).empty());
    CHECK(parse_groups(not_there).empty());
    std::vector<gid_t> ours(static_cast<std::size_t>(::getgroups(0, nullptr)));
    REQUIRE(::getgroups(static_cast<int>(ours.size()), ours.data()) == static_cast<int>(ours.size()));
    CHECK(supplementary_groups_of(::gettid()) == ours);
    CHECK(supplementary_groups_of(0).empty());
}

TEST_CASE("Our own thread's cgroup has one id, by descriptor and by path", "[caller]") {
    const auto by_descriptor = cgroup_id_of(open_thread(::getpid()));
    const auto root = cgroup2_root();
    const auto path = cgroup_path_of(::getpid());
    if (!by_descriptor || root.empty() || !path) return;  // an older kernel, or no cgroup v2
    CHECK(cgroup_id_at(root.string() + *path) == by_descriptor);
}

TEST_CASE("A thread that does not exist has none", "[caller]") {
    CHECK_FALSE(open_thread(0x7ffffff0));
    CHECK_FALSE(cgroup_path_of(0x7ffffff0));
    CHECK_FALSE(cgroup_id_of({}));
}

TEST_CASE("CAP_FSETID is read from the effective set", "[caller]") {
    std::istringstream root{"CapPrm:\t0000000000000010\nCapEff:\t000001ffffffffff\n"};
    std::istringstream none{"CapPrm:\t000001ffffffffff\nCapEff:\t0000000000000000\n"};
    std::istringstream only{"CapEff:\t0000000000000010\n"};
    std::istringstream line_missing{"Name:\tx\n"};
    CHECK(drainlab::fuse::parse_cap_fsetid(root));
    CHECK_FALSE(drainlab::fuse::parse_cap_fsetid(none));
    CHECK(drainlab::fuse::parse_cap_fsetid(only));
    CHECK_FALSE(drainlab::fuse::parse_cap_fsetid(line_missing));
}
