// Tasks of a /proc that is a folder of ours: who unmounts, who locks a superblock, who waits for a thaw, who serves.
#include "controller/machine/waits/tasks.hpp"

#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/syscall.h>

#include <filesystem>
#include <fstream>

using namespace drainlab;
using namespace drainlab::machine;
namespace fs = std::filesystem;

namespace {

/// Threads with what the kernel would show of each.
struct fake_proc {
    folder f;
    std::string root() const { return f.dir; }
    std::string task(int pid, int tid, const std::string& comm, const std::string& stack, const std::string& call,
                     const std::string& wchan = "0") const {
        const std::string dir = f / (std::to_string(pid) + "/task/" + std::to_string(tid));
        fs::create_directories(dir);
        std::ofstream(dir + "/comm") << comm << "\n";
        std::ofstream(dir + "/stack") << stack;
        std::ofstream(dir + "/syscall") << call;
        std::ofstream(dir + "/wchan") << wchan;
        return dir;
    }
};

std::string call(long number, const std::string& first) {
    return std::to_string(number) + " " + first + " 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f00\n";
}

constexpr const char* dying =
    "[<0>] sync_inodes_sb+0x227/0x2e0\n[<0>] sync_filesystem+0x64/0xa0\n[<0>] generic_shutdown_super+0x26/0x130\n"
    "[<0>] deactivate_locked_super+0x2f/0xb0\n[<0>] cleanup_mnt+0xb4/0x140\n";

}  // namespace

TEST_CASE("who is in umount2(2) is found with the path that it gave, and who runs a death without one", "[tasks]") {
    const fake_proc p;
    const auto dir = p.task(10, 11, "umount", dying, call(SYS_umount2, "0x10"));
    std::ofstream(dir + "/mem") << std::string(16, 'x') << "mnt/a" << '\0' << std::string(5000, 'y');
    fs::create_directory_symlink("/srv/./data", dir + "/cwd");
    p.task(20, 20, "bash", dying, call(SYS_close, "0x3"));
    p.task(30, 30, "sleep", "", call(SYS_read, "0x0"));
    p.task(40, 40, "spins", "", "running\n");
    auto all = unmounting_tasks(p.root());
    REQUIRE(all.size() == 2);
    if (all[0].pid != 10) std::swap(all[0], all[1]);
    CHECK(all[0].tid == 11);
    CHECK(all[0].comm == "umount");
    CHECK(all[0].in_umount);
    CHECK(all[0].path == "/srv/data/mnt/a");
    CHECK(all[0].words.stage == "sync");
    CHECK(all[1].pid == 20);
    CHECK_FALSE(all[1].in_umount);
    CHECK(all[1].path.empty());
}

TEST_CASE("who is in ustat(2) on the device locks its superblock; that one is enough", "[tasks]") {
    const fake_proc p;
    const std::string locks = "[<0>] sync_inodes_sb+0x1/0x2\n[<0>] iterate_supers+0x1/0x2\n[<0>] ksys_sync+0x1/0x2\n";
#ifdef SYS_ustat
    p.task(10, 10, "drainfs-gate", "", call(SYS_ustat, "0x12"));  // 0:18
    p.task(11, 11, "drainfs-gate", "", call(SYS_ustat, "0x13"));  // another
    p.task(12, 12, "stat", "", call(SYS_ustat, "0x100812"));      // 8:274, beyond eight bits
    const auto gate = superblock_lockers(0, 18, p.root());
    REQUIRE(gate.size() == 1);
    CHECK(gate[0].pid == 10);
    REQUIRE(superblock_lockers(8, 274, p.root()).size() == 1);
    CHECK(superblock_lockers(0, 99, p.root()).empty());
#endif
    p.task(20, 20, "sync", locks, call(SYS_sync, "0x0"));
    const auto some = superblock_lockers(0, 99, p.root());
    for (const auto& t : some) CHECK(t.pid == 20);  // somebody at work with some superblock, if nobody is certain
#ifdef SYS_ustat
    CHECK(superblock_lockers(0, 18, p.root()).size() == 1);
#endif
}

TEST_CASE("workers of a loop device are told apart by the queue they work for", "[tasks]") {
    const fake_proc p;
    const std::string busy = "[<0>] lo_rw_aio+0x1/0x2\n[<0>] loop_process_work+0x1/0x2\n";
    p.task(10, 10, "kworker/u8:1+loop3", busy, "");
    p.task(11, 11, "kworker/u8:2+loop31", busy, "");
    p.task(12, 12, "kworker/u8:3+loop3", "[<0>] worker_thread+0x1/0x2\n", "");
    const auto found = loop_workers("/dev/loop3", p.root());
    REQUIRE(found.size() == 1);
    CHECK(found[0].pid == 10);
    CHECK(loop_workers("/dev/loop4", p.root()).empty());
}

TEST_CASE("only the threads asked about are said to wait for a thaw", "[tasks]") {
    const fake_proc p;
    const std::string frozen =
        "[<0>] percpu_rwsem_wait+0x1/0x2\n[<0>] __percpu_down_read+0x1/0x2\n[<0>] mnt_want_write+0x1/0x2\n";
    p.task(10, 10, "touch", frozen, "");
    p.task(11, 11, "touch", frozen, "");
    const auto found = waiting_for_thaw({11, 12}, p.root());
    for (const auto& t : found) CHECK(t.pid == 11);
    CHECK(waiting_for_thaw({}, p.root()).empty());
}

TEST_CASE("who has a FUSE connection open answers for it", "[tasks]") {
    const fake_proc p;
    const std::string dir = p.root() + "/10";
    fs::create_directories(dir + "/fd");
    fs::create_directories(dir + "/fdinfo");
    fs::create_symlink("/dev/null", dir + "/fd/0");
    fs::create_symlink("/dev/fuse", dir + "/fd/7");
    std::ofstream(dir + "/fdinfo/7") << "pos:\t0\nflags:\t02\nfuse_connection:\t52\n";
    fs::create_directories(p.root() + "/20/fd");
    fs::create_symlink("/dev/fuse", p.root() + "/20/fd/3");  // not yet mounted, or of an older kernel
    CHECK(fuse_server(52, p.root()) == 10);
    CHECK(fuse_server(53, p.root()) == 0);
}
