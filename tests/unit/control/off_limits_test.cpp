#include "fusefs/control/off_limits.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;

TEST_CASE("a mount covers neither what is needed nor what contains it", "[control]") {
    const std::vector<needed_path> needed{{"/run/drainlab/1.sock", "the control socket"},
                                          {"/srv/store", "the store of 'a'"}};
    CHECK(why_off_limits("/", "ext4", needed) == "it would cover everything");
    CHECK(why_off_limits("/run", "tmpfs", needed) == "it would cover the control socket (/run/drainlab/1.sock)");
    CHECK(why_off_limits("/run/drainlab", "tmpfs", needed) ==
          "it would cover the control socket (/run/drainlab/1.sock)");
    CHECK(why_off_limits("/srv/store", "ext4", needed) == "it would cover the store of 'a'");
    CHECK(why_off_limits("/srv", "ext4", needed).value_or("").find("the store of 'a'") != std::string::npos);
    for (const char* fine : {"/run/drainlab2", "/run/drain", "/srv/store2", "/srv/stor", "/srv/store/below", "/mnt"}) {
        CAPTURE(fine);
        CHECK_FALSE(why_off_limits(fine, "ext4", needed));
    }
}

TEST_CASE("a mount does not go onto the kernel's own file systems", "[control]") {
    for (const char* type : {"proc", "sysfs", "cgroup", "cgroup2", "tracefs"})
        CHECK(why_off_limits("/any/where", type, {}));
    for (const char* type : {"tmpfs", "ext4", "overlay", "fuse.sshfs", "nfs4", "devtmpfs"})
        CHECK_FALSE(why_off_limits("/any/where", type, {}));
}

TEST_CASE("every daemon needs /proc, /sys, /dev/fuse, its program and the cgroups", "[control]") {
    const auto needed = needed_by_every_daemon("/sys/fs/cgroup/unified");
    for (const char* wrong : {"/proc", "/sys", "/dev", "/sys/fs", "/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        CAPTURE(wrong);
        CHECK(why_off_limits(wrong, "tmpfs", needed));
    }
    CHECK_FALSE(why_off_limits("/dev/shm/x", "tmpfs", needed));
}
