#include "controller/client/holders.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace drainlab::client;
namespace fs = std::filesystem;

namespace {

/// A /proc of our own: the device looked for is that of the real /proc, so that links can lead there.
struct fake_proc {
    std::string dir = (fs::temp_directory_path() / "drainlab-proc-XXXXXX").string();
    target what;

    fake_proc() {
        REQUIRE(mkdtemp(dir.data()));
        struct stat s {};
        REQUIRE(stat("/proc", &s) == 0);
        what = {major(s.st_dev), minor(s.st_dev), "/held"};
        write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n");
        link("self/ns/mnt", "mnt:[100]");
    }
    ~fake_proc() { fs::remove_all(dir); }

    void write(const std::string& path, const std::string& text) {
        fs::create_directories(fs::path(dir + "/" + path).parent_path());
        std::ofstream(dir + "/" + path) << text;
    }
    void link(const std::string& path, const std::string& to) {
        fs::create_directories(fs::path(dir + "/" + path).parent_path());
        fs::create_symlink(to, dir + "/" + path);
    }
    /// A process that holds nothing.
    void process(const std::string& pid, const std::string& comm, const std::string& ns = "mnt:[100]") {
        write(pid + "/comm", comm + "\n");
        write(pid + "/maps", "");
        link(pid + "/cwd", "/");
        link(pid + "/root", "/");
        link(pid + "/ns/mnt", ns);
        fs::create_directories(dir + "/" + pid + "/fd");
    }
    std::string device() const { return std::to_string(what.major) + ":" + std::to_string(what.minor); }
    holders_found find() const { return find_holders(what, dir); }
};

}  // namespace

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
    CHECK(describe(found[0]) == "pid 4194301 (cat): fd /proc/version");
    CHECK(describe(found[1]) == "pid 4194302 (bash): cwd /proc/sys");
    CHECK(describe(found[2]) == "pid 4194303 (jail): root /proc");
    for (const auto& h : found) CHECK(h.blocks_umount());
    CHECK(found[0].mntns == 100);
}

TEST_CASE("a mapping is told by its device, not by its path", "[holders]") {
    const char* maps =
        "7f0000000000-7f0000001000 r--p 00000000 fe:00 131 /usr/lib/00:33 libc.so\n"
        "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \n"
        "7f0000004000-7f0000005000 rw-s 00000000 00:33 7 /mnt/a/my file\n";
    CHECK(mapped_path(maps, 0, 0x33) == "/mnt/a/my file");
    CHECK(mapped_path(maps, 0xfe, 0) == "/usr/lib/00:33 libc.so");
    CHECK(mapped_path(maps, 0, 0x34).empty());
    CHECK(mapped_path("", 0, 0x33).empty());
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

TEST_CASE("what could not be looked at is said", "[holders]") {
    CHECK(describe_unseen(0).empty());
    CHECK(describe_unseen(1).find("1 process could not") == 0);
    CHECK(describe_unseen(3).find("3 processes could not") == 0);
}
