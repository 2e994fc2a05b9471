// Ways to hold a mount that no descriptor shows.
#include "controller/machine/holders/survey.hpp"
#include "tests/unit/machine/fake_proc.hpp"

#include <sys/syscall.h>

#include <algorithm>

using namespace drainlab::machine;
using drainlab::fake_proc;

namespace {

/// The device is mounted on /held, here and for everybody in our mount namespace.
struct held : fake_proc {
    explicit held(const std::string& more = {}) {
        write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n5 1 " + device() + " / /held rw - tmpfs a rw\n" + more);
    }
    bool may_be(const std::string& kind, const std::string& what) const {
        const auto found = find();
        return std::any_of(found.unseen_kinds.begin(), found.unseen_kinds.end(), [&](const auto& k) {
            return k.kind == kind && describe(k).find(what) != std::string::npos;
        });
    }
};

}  // namespace

TEST_CASE("a mapping is found by the device in the maps", "[holders]") {
    held proc;
    proc.process("4194301", "db");
    char device[16];
    snprintf(device, sizeof device, "%02x:%02x", proc.what.major, proc.what.minor);
    proc.write("4194301/maps", "7f00-7f01 r--p 00000000 fe:00 17  /usr/lib/libc.so\n7f02-7f03 rw-s 00000000 " +
                                   std::string{device} + " 99  /held/my\\040data\n");
    proc.process("4194302", "none");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(describe(found[0]) == "pid 4194301 (db): a mapped file: /held/my data");
    CHECK(found[0].blocks_umount());
}

TEST_CASE("on btrfs a mapping is found by its path, as its files have devices of their own", "[holders]") {
    fake_proc proc;
    proc.write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n5 1 " + proc.device() + " / /held rw - btrfs a rw\n");
    proc.process("4194301", "db");
    proc.write("4194301/maps",
               "7f02-7f03 rw-s 00000000 00:99 99  /held/data\n7f04-7f05 rw-s 00000000 00:98 7  /else\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == "/held/data");
}

TEST_CASE("a call that is under way is found by the path it is about", "[holders]") {
    held proc;
    proc.process("4194301", "ls");
    const auto in_call = [&](long number, const std::string& arguments, const std::string& memory) {
        proc.write("4194301/task/4194301/syscall", std::to_string(number) + " " + arguments + " 0x0 0x0\n");
        proc.write("4194301/task/4194301/mem", std::string(64, 'x') + memory + '\0');
        const auto found = proc.find().holders;
        return found.empty() ? std::string{} : describe(found[0]);
    };
    proc.link("4194301/task/4194301/cwd", "/held/dir");
    proc.link("4194301/task/4194301/fd/4", "/held");
    const auto call = [](long number) { return " (system call " + std::to_string(number) + ")"; };
    const std::string who = "pid 4194301 (ls): in the middle of a call on: ";
    CHECK(in_call(SYS_statfs, "0x40 0x0", "/held/a//b/") == who + "/held/a/b" + call(SYS_statfs));
    CHECK(in_call(SYS_chdir, "0x40 0x0", "sub") == who + "/held/dir/sub" + call(SYS_chdir));
    CHECK(in_call(SYS_openat, "0xffffff9c 0x40", "f") == who + "/held/dir/f" + call(SYS_openat));  // AT_FDCWD
    CHECK(in_call(SYS_openat, "0x4 0x40", "g") == who + "/held/g" + call(SYS_openat));
    CHECK(in_call(SYS_statfs, "0x40 0x0", "/elsewhere").empty());
    CHECK(in_call(SYS_read, "0x4 0x40", "/held/f").empty());
    CHECK(in_call(SYS_statfs, "running", "/held/f").empty());
}

TEST_CASE("a loop device that is mounted says where", "[holders]") {
    held proc("8 1 7:3 / /on\\040loop rw - ext4 /dev/loop3 rw\n");
    proc.write("sys/block/loop3/loop/backing_file", "/held/img (deleted)\n");
    proc.write("sys/block/sda/size", "1\n");
    const auto found = proc.find().holders;
    REQUIRE(found.size() == 1);
    CHECK(describe(found[0]) == "loop device /dev/loop3: its backing file is /held/img (deleted, mounted on /on loop)");
}

TEST_CASE("of a detached mount, swap and the layers of an overlay are only guessed at", "[holders]") {
    fake_proc proc;
    proc.what.dir.clear();
    proc.write("swaps", "Filename\tType\tSize\tUsed\tPriority\n/s\\040w file\t20464\t0\t-2\n");
    const auto found = proc.find();
    CHECK(found.holders.empty());
    const auto swap = std::find_if(found.unseen_kinds.begin(), found.unseen_kinds.end(),
                                   [](const auto& k) { return k.kind == "swap"; });
    REQUIRE(swap != found.unseen_kinds.end());
    CHECK(describe(*swap).ends_with("swapoff, or `ls /s w`"));
}

TEST_CASE("a mount namespace that only a file keeps, and that cannot be entered, is said", "[holders]") {
    held proc("6 1 0:4 mnt:[555] /run/ns rw - nsfs nsfs rw\n");
    CHECK(proc.may_be("mount-namespace", "mount namespace 555, bound on /run/ns, could not be looked into"));
}

TEST_CASE("a process in a pid namespace of its own is told with the number it has there", "[holders]") {
    held proc;
    proc.process("4194301", "init");
    proc.link("4194301/fd/3", "/proc/version");
    proc.write("4194301/status", "Name:\tinit\nNSpid:\t4194301\t7\n");
    CHECK(describe(proc.find().holders.at(0)).find("pid 7 in its own pid namespace") != std::string::npos);
    proc.link("self/ns/pid", "pid:[4026532999]");
    CHECK(proc.may_be("pid-namespace", "processes outside of it cannot be seen"));
}

TEST_CASE("a thread of the kernel is told as such", "[holders]") {
    held proc;
    proc.process("4194301", "kworker/0:1");
    proc.link("4194301/fd/3", "/proc/version");
    proc.write("4194301/stat", "4194301 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0\n");
    CHECK(describe(proc.find().holders.at(0)).find("([kworker/0:1])") != std::string::npos);
}

TEST_CASE("the text of a link of any length is read whole", "[holders]") {
    held proc("");
    for (const std::size_t length : {1u, 255u, 256u, 257u, 3000u}) {
        const std::string text(length, 'x'), link = proc.dir + "/" + std::to_string(length);
        REQUIRE(symlink(text.c_str(), link.c_str()) == 0);
        CHECK(link_text(link) == text);
    }
    CHECK(link_text(proc.dir + "/none").empty());
}
