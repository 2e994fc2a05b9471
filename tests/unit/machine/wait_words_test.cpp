// Stacks as Linux 6.18 showed them (/proc/PID/stack), and made up ones for places that are hard to catch.
#include "controller/machine/waits/wait_words.hpp"

#include "controller/machine/waits/tasks.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::machine;

namespace {

constexpr const char* tail =
    "[<0>] deactivate_locked_super+0x2f/0xb0\n[<0>] cleanup_mnt+0xb4/0x140\n[<0>] task_work_run+0x59/0x90\n"
    "[<0>] exit_to_user_mode_loop+0xbb/0xe0\n[<0>] do_syscall_64+0x250/0x290\n"
    "[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e\n";

wait_words words_of(const std::string& text) { return words_for(parse_stack(text), ""); }

/// `stage/wait` of a stack that ends in a superblock's death.
std::string dying(const std::string& inner) {
    const auto w =
        words_of(inner + "[<0>] generic_shutdown_super+0x26/0x130\n[<0>] kill_block_super+0x16/0x40\n" + tail);
    CHECK_FALSE(w.text.empty());
    return w.stage + "/" + w.wait;
}

}  // namespace

TEST_CASE("a stack is read without offsets, modules and what the compiler added", "[waits]") {
    CHECK(parse_stack(
              "[<0>] lo_rw_aio.isra.0+0x339/0x380\n[<0>] ext4_put_super+0x1/0x2 [ext4]\n[<0>] 0xffffffffffffffff\n") ==
          std::vector<std::string>{"lo_rw_aio", "ext4_put_super"});
    CHECK(parse_stack("").empty());
}

TEST_CASE("an umount of drainfs in the drain waits for s_umount", "[waits]") {
    const std::string text =
        "[<0>] deactivate_super+0x3e/0x50\n[<0>] cleanup_mnt+0xb4/0x140\n[<0>] task_work_run+0x59/0x90\n"
        "[<0>] exit_to_user_mode_loop+0xbb/0xe0\n[<0>] do_syscall_64+0x250/0x290\n";
    CHECK(words_of(text).stage == "s_umount");
    CHECK(words_of(text).wait == "lock");
    CHECK(is_unmounting(parse_stack(text), ""));
    CHECK(words_for({}, "deactivate_super").stage == "s_umount");  // without root
    CHECK(is_unmounting({}, "deactivate_super"));
}

TEST_CASE("an umount of ext4 that waits in sync", "[waits]") {
    const std::string text =
        "[<0>] folio_wait_bit+0x120/0x250\n[<0>] folio_wait_writeback+0x2a/0x90\n[<0>] "
        "__filemap_fdatawait_range+0xac/0x110\n"
        "[<0>] filemap_fdatawait_keep_errors+0x1a/0x60\n[<0>] sync_inodes_sb+0x227/0x2e0\n[<0>] "
        "sync_filesystem+0x64/0xa0\n"
        "[<0>] generic_shutdown_super+0x26/0x130\n[<0>] kill_block_super+0x16/0x40\n[<0>] ext4_kill_sb+0x1e/0x40\n" +
        std::string(tail);
    CHECK(words_of(text).stage == "sync");
    CHECK(words_of(text).wait == "page_writeback");
    CHECK(dying_type(parse_stack(text)) == "ext4");
}

TEST_CASE("who wants to write to a frozen filesystem waits for its thaw", "[waits]") {
    const std::string text =
        "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] mnt_want_write+0x96/0xc0\n[<0>] path_openat+0x4cf/0x12f0\n"
        "[<0>] do_filp_open+0x106/0x1c0\n";
    CHECK(words_of(text).wait == "frozen");
    CHECK(words_of(text).text.find("is frozen") != std::string::npos);
    CHECK(waits_for_thaw({}, "percpu_rwsem_wait"));
    CHECK(words_for({}, "percpu_rwsem_wait").text.starts_with("perhaps"));
    // Another lock of that kind is not it.
    CHECK_FALSE(waits_for_thaw(parse_stack("[<0>] percpu_rwsem_wait+0x1/0x2\n[<0>] cgroup_attach_lock+0x1/0x2\n"), ""));
    CHECK_FALSE(waits_for_thaw(parse_stack("[<0>] mnt_want_write+0x1/0x2\n"), ""));
}

TEST_CASE("every wait of an unmount has its words", "[waits]") {
    CHECK(words_of("[<0>] synchronize_rcu_expedited+0x1a0/0x220\n[<0>] namespace_unlock+0x1d0/0x290\n"
                   "[<0>] path_umount+0x2a0/0x4f0\n")
              .stage == "namespace_unlock");
    CHECK(words_of("[<0>] exp_funnel_lock+0x60/0x100\n[<0>] synchronize_rcu_expedited+0x90/0x220\n[<0>] "
                   "bdi_unregister+0x60/0x1f0\n" +
                   std::string(tail))
              .stage == "bdi_unregister");
    CHECK(dying("[<0>] rcu_barrier+0x200/0x300\n[<0>] cgroup_writeback_umount+0x20/0x40\n") ==
          "cgroup_writeback_umount/rcu_barrier");
    CHECK(dying("[<0>] __wait_rcu_gp+0x100/0x110\n[<0>] synchronize_rcu_normal+0x90/0xb0\n[<0>] "
                "cgroup_writeback_umount+0x20/0x40\n") == "cgroup_writeback_umount/synchronize_rcu");
    CHECK(dying("[<0>] __flush_workqueue+0x130/0x4a0\n[<0>] cgroup_writeback_umount+0x2f/0x40\n") ==
          "cgroup_writeback_umount/flush_workqueue");
    CHECK(dying("[<0>] wait_var_event+0x1/0x2\n[<0>] cgroup_writeback_umount+0x2f/0x40\n") ==
          "cgroup_writeback_umount/wait_var_event");
    CHECK(dying("[<0>] evict+0x1/0x2\n[<0>] dispose_list+0x1/0x2\n[<0>] evict_inodes+0x1/0x2\n") == "evict/");
    CHECK(dying("[<0>] jbd2_journal_destroy+0x1/0x2\n[<0>] ext4_put_super+0x1/0x2\n") == "put_super/journal");
    CHECK(dying("[<0>] request_wait_answer+0x16a/0x290\n[<0>] __fuse_simple_request+0x120/0x330\n[<0>] "
                "fuse_sync_fs+0x1/0x2\n"
                "[<0>] sync_filesystem+0x30/0xa0\n") == "sync/fuse_request");
    CHECK(words_of("[<0>] request_wait_answer+0x1/0x2\n[<0>] fuse_conn_destroy+0x1/0x2\n[<0>] fuse_sb_destroy+0x1/0x2\n"
                   "[<0>] fuse_kill_sb_blk+0x1/0x2\n" +
                   std::string(tail))
              .wait == "fuse_request");
    CHECK(words_of("[<0>] rwsem_down_write_slowpath+0x1/0x2\n[<0>] namespace_lock+0x1/0x2\n[<0>] path_umount+0x1/0x2\n")
              .stage == "namespace_sem");
}

TEST_CASE("what is no unmount is none", "[waits]") {
    const auto fails = parse_stack(
        "[<0>] deactivate_locked_super+0x2f/0xb0\n[<0>] get_tree_bdev+0x1/0x2\n[<0>] vfs_get_tree+0x1/0x2\n");
    CHECK_FALSE(is_unmounting(fails, ""));
    CHECK_FALSE(is_unmounting(parse_stack("[<0>] do_sys_poll+0x437/0x5c0\n"), ""));
    CHECK_FALSE(is_unmounting({}, "do_sys_poll"));
    CHECK(locks_superblocks(parse_stack("[<0>] fuse_statfs+0x1/0x2\n[<0>] __do_sys_ustat+0xca/0x170\n")));
}

TEST_CASE("wchan alone says what it can", "[waits]") {
    CHECK(words_for({}, "rcu_barrier").wait == "rcu_barrier");
    CHECK(words_for({}, "request_wait_answer").wait == "fuse_request");
    CHECK(words_for({}, "sync_inodes_sb").stage == "sync");
    CHECK(words_for({}, "").text.find("may not know") != std::string::npos);
    CHECK(words_for({}, "hrtimer_nanosleep").text == "in hrtimer_nanosleep()");
}

TEST_CASE("whose superblock dies is told by the names of functions", "[waits]") {
    CHECK(dying_type({"fuse_sb_destroy", "fuse_kill_sb_anon"}) == "fuse");
    CHECK(dying_type({"xfs_fs_put_super", "generic_shutdown_super"}) == "xfs");
    CHECK(dying_type({"generic_shutdown_super", "kill_block_super"}).empty());
}

TEST_CASE("/proc/PID/syscall", "[waits]") {
    const auto call =
        parse_syscall("166 0x5634f46640f0 0x0 0x0 0x0 0x7 0x5634f4664190 0x7ffcef211f48 0x7fccff79ab87\n");
    REQUIRE(call);
    CHECK(call->number == 166);
    CHECK(call->first == 0x5634f46640f0);
    CHECK(call->second == 0);
    CHECK_FALSE(parse_syscall("running\n"));
    CHECK_FALSE(parse_syscall("-1 0x7ffd8 0x7f00\n"));
    CHECK_FALSE(parse_syscall(""));
}
