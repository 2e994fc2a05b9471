#include "tests/unit/machine/fake_proc.hpp"

#include <algorithm>

using namespace drainlab::machine;
namespace fs = std::filesystem;
using drainlab::fake_proc;

TEST_CASE("a machine on which nobody holds the device", "[holders]") {
    fake_proc proc;
    proc.process("4194301", "idle");
    CHECK(proc.find().holders.empty());
    CHECK(proc.find().unseen == 0);
}

TEST_CASE("descriptors, cwd and root that lie on the device are found", "[holders]") {
    fake_proc proc;
    proc.process("4194301", "cat");
    proc.link("4194301/fd/3", "/proc/version");
    proc.link("4194301/fd/4", "/dev/null");
    proc.process("4194302", "bash");
    fs::remove(proc.dir + "/4194302/cwd");
    proc.link("4194302/cwd", "/proc/sys");
    proc.process("4194303", "jail");
    fs::remove(proc.dir + "/4194303/root");
    proc.link("4194303/root", "/proc");

    auto found = proc.find().holders;
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
    REQUIRE(found.size() == 3);
    CHECK(describe(found[0]) == "pid 4194301 (cat): an open file: /proc/version");
    CHECK(describe(found[1]) == "pid 4194302 (bash): working directory: /proc/sys");
    CHECK(describe(found[2]) == "pid 4194303 (jail): root directory: /proc");
    for (const auto& h : found) CHECK(h.blocks_umount());
    CHECK(found[0].mntns == 100);
}

TEST_CASE("a copy in another mount namespace is told once, and does not block umount", "[holders]") {
    fake_proc proc;
    for (const char* pid : {"4194301", "4194302"}) {
        proc.process(pid, "sleep", "mnt:[200]");
        proc.write(std::string(pid) + "/mountinfo", "7 1 " + proc.device() + " / /held rw - fuse.drainfs a rw\n");
    }
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "namespace");
    CHECK(found[0].path == "/held");
    CHECK(found[0].mntns == 200);
    CHECK_FALSE(found[0].blocks_umount());
}

TEST_CASE("binds keep the superblock, nested mounts block umount", "[holders]") {
    fake_proc proc;
    proc.write("self/mountinfo",
               "1 0 9:9 / / rw - ext4 root rw\n"
               "5 1 " +
                   proc.device() +
                   " / /held rw - fuse.drainfs a rw\n"
                   "6 1 " +
                   proc.device() +
                   " / /else\\040where rw - fuse.drainfs a rw\n"
                   "7 5 0:77 / /held/sub rw - tmpfs tmpfs rw\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 2);
    CHECK(describe(found[0]) == "bind mount /else where");
    CHECK_FALSE(found[0].blocks_umount());
    CHECK(describe(found[1]) == "tmpfs mounted on /held/sub");
    CHECK(found[1].blocks_umount());
}

TEST_CASE("after a lazy detach no mount of ours is excused", "[holders]") {
    fake_proc proc;
    proc.what.dir.clear();
    proc.write("self/mountinfo", "6 1 " + proc.device() + " / /other rw - fuse.drainfs a rw\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "bind");
}

TEST_CASE("what the kernel itself has open is found by its path", "[holders]") {
    fake_proc proc;
    proc.write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n5 1 " + proc.device() + " / /held rw - tmpfs a rw\n");
    proc.write("sys/block/loop3/loop/backing_file", "/held/my img\n");
    proc.write("sys/block/loop4/loop/backing_file", "/heldnot/img\n");
    proc.write("swaps",
               "Filename\tType\tSize\tUsed\tPriority\n/held/s\\040w file\t20464\t0\t-2\n/dev/sda2 partition 1 0 -3\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 2);
    CHECK(describe(found[0]) == "loop device /dev/loop3: its backing file is /held/my img");
    CHECK(found[0].blocks_umount());
    CHECK(describe(found[1]) == "swap is on /held/s w");
    CHECK(found[1].blocks_umount());
}

TEST_CASE("a bound socket is found by its path, with the process that has it", "[holders]") {
    fake_proc proc;
    proc.write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n5 1 " + proc.device() + " / /held rw - tmpfs a rw\n");
    proc.write("self/net/unix",
               "Num       RefCount Protocol Flags    Type St Inode Path\n"
               "0000000080e8a358: 00000002 00000000 00010000 0001 01 39062 /held/a socket\n"
               "0000000080e8a359: 00000002 00000000 00010000 0001 01 39063 @/held/abstract\n"
               "0000000080e8a35a: 00000003 00000000 00000000 0001 03 39064\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(describe(found[0]) == "a bound Unix socket that no process here has: /held/a socket (socket:[39062])");
    CHECK(found[0].blocks_umount());
}

TEST_CASE("an overlay keeps what its layers are on, and blocks nothing", "[holders]") {
    fake_proc proc;
    proc.write("self/mountinfo",
               "1 0 9:9 / / rw - ext4 root rw\n5 1 " + proc.device() +
                   " / /held rw - tmpfs a rw\n"
                   "6 1 0:50 / /ov rw - overlay o rw,lowerdir=/else:/held/l,upperdir=/held/u,workdir=/held/w\n"
                   "7 1 0:51 / /ov2 rw - overlay o rw,lowerdir=l:m\n");
    const auto found = proc.find();
    REQUIRE(found.holders.size() == 2);
    CHECK(describe(found.holders[0]) == "overlay on /ov: a lower layer is /held/l");
    CHECK(describe(found.holders[1]) == "overlay on /ov: its upper layer is /held/u");
    CHECK_FALSE(found.any_blocks());
    const auto relative = std::count_if(found.unseen_kinds.begin(), found.unseen_kinds.end(), [](const auto& k) {
        return k.kind == "overlay" && k.what.find("/ov2") != std::string::npos;
    });
    CHECK(relative == 1);
}

TEST_CASE("a namespace bound as a file is a mount below", "[holders]") {
    fake_proc proc;
    proc.write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n5 1 " + proc.device() +
                                     " / /held rw - tmpfs a rw\n"
                                     "6 5 0:4 net:[4026532300] /held/ns rw - nsfs nsfs rw\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(describe(found[0]) == "a namespace bound as a file on /held/ns (net:[4026532300])");
    CHECK(found[0].blocks_umount());
}

TEST_CASE("what else it may be is said only when nothing that is seen explains EBUSY", "[holders]") {
    fake_proc proc;
    const auto says_kernel = [&] {
        const auto found = proc.find();
        return std::any_of(found.unseen_kinds.begin(), found.unseen_kinds.end(),
                           [](const auto& k) { return k.kind == "kernel"; });
    };
    const auto held_as = [&](std::int64_t id) {
        proc.write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n" + std::to_string(id) + " 1 " + proc.device() +
                                         " / /held rw - tmpfs a rw\n");
    };
    held_as(5);
    CHECK(says_kernel());
    proc.process("4194301", "cat");
    proc.link("4194301/fd/3", "/proc/version");
    CHECK(says_kernel());  // it is open through another mount of the superblock: that blocks nothing
    CHECK(describe(proc.find().holders.at(0)).ends_with("(through a copy of the mount)"));
    held_as(mount_containing(read_mountinfo(), "/proc/version")->id);
    CHECK_FALSE(says_kernel());
    CHECK(proc.find().holders.at(0).blocks_umount());
}

TEST_CASE("names that would forge a line are spelled out", "[holders]") {
    fake_proc proc;
    proc.process("4194301", "x\nroot: fine\033[2J");
    proc.link("4194301/fd/3", "/proc/version");
    CHECK(describe(proc.find().holders.at(0)) ==
          R"(pid 4194301 (x\x0aroot: fine\x1b[2J): an open file: /proc/version)");
}

TEST_CASE("what could not be looked at is said", "[holders]") {
    CHECK(describe_unseen(0).empty());
    CHECK(describe_unseen(1).find("1 process could not") == 0);
    CHECK(describe_unseen(3).find("3 processes could not") == 0);
}
