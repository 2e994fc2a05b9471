#include "controller/machine/waits/wait_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>

namespace drainlab::machine {

namespace {

using names = std::vector<std::string>;

bool has(const names& stack, std::initializer_list<std::string_view> any) {
    return std::any_of(stack.begin(), stack.end(),
                       [&](const std::string& f) { return std::find(any.begin(), any.end(), f) != any.end(); });
}

bool has_ending(const names& stack, std::string_view end) {
    return std::any_of(stack.begin(), stack.end(), [&](const std::string& f) { return f.ends_with(end); });
}

/// A place of the unmount: the functions that are only there, what it is, what would help. The first that fits counts:
/// what is called stands before its callers.
struct stage {
    const char* id;
    std::initializer_list<std::string_view> functions;
    const char *text, *helps;
};

const stage stages[] = {
    {"namespace_unlock",
     {"namespace_unlock", "__namespace_unlock"},
     "in namespace_unlock(): the name is gone; whoever walks paths under RCU must have left before the mount's "
     "reference may go",
     "expedited grace periods (not rcu_normal=1, no PREEMPT_RT); fewer processes that keep CPUs without a switch"},
    {"namespace_sem",
     {"namespace_lock", "do_lock_mount", "lock_mount"},
     "for namespace_sem: another mount, unmount or copy of a namespace is under way",
     "fewer mounts and unmounts at once"},
    {"cgroup_writeback_umount",
     {"cgroup_writeback_umount", "cgroup_writeback_drain"},
     "in cgroup_writeback_umount(): inode wb switches must be over before inodes are evicted",
     "a kernel that counts them for each superblock (7.2); fewer cgroups that come and go while they write"},
    {"evict",
     {"evict_inodes", "dispose_list"},
     "in evict_inodes(): the cached inodes are thrown away",
     "fewer cached inodes: drop_caches before the unmount"},
    {"sync",
     {"sync_filesystem", "sync_inodes_sb", "__sync_filesystem", "writeback_inodes_sb", "wb_wait_for_completion",
      "wait_sb_inodes"},
     "in sync_filesystem(): dirty data is on its way to the device",
     "a sync(1) or syncfs before the unmount; a faster device; less dirty data (vm.dirty_bytes)"},
    {"fsnotify",
     {"fsnotify_sb_delete", "fsnotify_unmount_inodes", "fsnotify_sb_free"},
     "in fsnotify_sb_delete(): watches are taken off",
     "fewer inotify and fanotify watches on it"},
    {"dcache",
     {"shrink_dcache_for_umount", "do_one_tree"},
     "in shrink_dcache_for_umount(): cached names are thrown away",
     "fewer cached names: drop_caches before the unmount"},
    {"bdi_unregister",
     {"bdi_unregister", "wb_shutdown", "cgwb_bdi_unregister"},
     "in bdi_unregister(): the superblock is dead, its backing device's writeback is taken down",
     ""},
};

struct reason {
    const char* id;
    std::initializer_list<std::string_view> functions;
    const char* text;
};

const reason reasons[] = {
    {"fuse_request",
     {"request_wait_answer", "__fuse_request_send", "fuse_wait_aborted", "fuse_flush_requests_and_wait"},
     "for the answer of a FUSE daemon to a request"},
    {"rcu_barrier",
     {"rcu_barrier", "_rcu_barrier", "kvfree_rcu_barrier"},
     "for rcu_barrier(): everybody's RCU callbacks must have run"},
    {"synchronize_rcu",
     {"synchronize_rcu_expedited", "synchronize_rcu", "synchronize_rcu_normal", "__wait_rcu_gp", "wait_rcu_gp",
      "exp_funnel_lock", "synchronize_rcu_expedited_wait", "synchronize_srcu", "__synchronize_srcu"},
     "for synchronize_rcu(): a grace period"},
    {"flush_workqueue",
     {"__flush_workqueue", "flush_workqueue", "__flush_work", "flush_work", "flush_delayed_work"},
     "for flush_workqueue(): work that is queued must have run, also that of others"},
    {"journal",
     {"jbd2_log_wait_commit", "jbd2_journal_flush", "jbd2_journal_destroy", "jbd2_complete_transaction",
      "xfs_log_force", "xfs_log_unmount", "btrfs_commit_transaction", "jbd2_journal_commit_transaction"},
     "for the journal to commit"},
    {"page_writeback",
     {"folio_wait_writeback", "wait_on_page_writeback", "__filemap_fdatawait_range", "folio_wait_stable",
      "wb_wait_for_completion", "filemap_fdatawait_keep_errors"},
     "for pages under writeback"},
    {"device_flush", {"blkdev_issue_flush", "submit_bio_wait"}, "for the device to answer (a flush, or one write)"},
    {"io",
     {"io_schedule", "bit_wait_io", "__wait_on_buffer", "sync_dirty_buffer", "__sync_dirty_buffer"},
     "for the device"},
    {"wait_var_event", {"wait_var_event", "cgroup_writeback_drain"}, "for its own superblock's switches"},
    {"lock",
     {"rwsem_down_write_slowpath", "down_write", "down_read", "super_lock", "__super_lock", "rwsem_down_read_slowpath",
      "__mutex_lock", "mutex_lock", "percpu_down_write"},
     "for a lock"},
};

const stage* stage_of(const names& stack) {
    for (const auto& s : stages)
        if (has(stack, s.functions)) return &s;
    return nullptr;
}

const reason* reason_of(const names& stack) {
    for (const auto& r : reasons)
        if (has(stack, r.functions)) return &r;
    return nullptr;
}

/// In deactivate_super(), and not behind it: the lock is not ours yet.
bool wants_s_umount(const names& stack) {
    return has(stack, {"deactivate_super", "super_lock", "__super_lock", "grab_super"}) &&
           !has(stack, {"deactivate_locked_super", "generic_shutdown_super"}) && !has_ending(stack, "_kill_sb");
}

wait_words words(const char* stage, const reason* r, std::string where, std::string helps) {
    wait_words w{stage, r ? r->id : "", std::move(where), std::move(helps)};
    if (r) w.text = fmt::format("{}; it waits {}", w.text, r->text);
    return w;
}

constexpr const char* s_umount_text =
    "for s_umount, the superblock's lock: somebody has it (a sync, a statfs by ustat, a remount, the flusher), and the "
    "death cannot begin";
constexpr const char* s_umount_helps =
    "the end of whoever has it: see the tasks that are in ustat, sync, syncfs, remount";

constexpr const char* frozen_text =
    "it waits in sb_start_write(): the filesystem is frozen, and who wants to write waits until it is thawed";
constexpr const char* frozen_helps =
    "fsfreeze --unfreeze on its mount point, by whoever froze it (a snapshot, a backup)";

/// wchan alone says the innermost function that is no scheduler's: sometimes enough.
wait_words by_wchan(std::string_view wchan) {
    const names one{std::string(wchan)};
    if (wants_s_umount(one)) return {"s_umount", "lock", s_umount_text, s_umount_helps};
    const auto* s = stage_of(one);
    const auto* r = reason_of(one);
    if (s) return words(s->id, nullptr, s->text, s->helps);
    if (r) return {"", r->id, std::string("it waits ") + r->text, "root sees where (/proc/PID/stack)"};
    if (waits_for_thaw({}, wchan)) return {"", "frozen", std::string("perhaps ") + frozen_text, frozen_helps};
    if (wchan.empty() || wchan == "0") return {"", "", "it is running, or we may not know", ""};
    return {"", "", fmt::format("in {}()", wchan), "root sees more (/proc/PID/stack)"};
}

}  // namespace

std::vector<std::string> parse_stack(std::string_view text) {
    std::vector<std::string> functions;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto at = line.find("] ");  // [<0>] folio_wait_bit+0x120/0x250 [module]
        if (at == std::string_view::npos) continue;
        line.remove_prefix(at + 2);
        std::string name(line.substr(0, line.find_first_of("+ ")));
        // What the compiler made of a function is that function: .isra.0, .constprop.0, .part.0
        if (const auto dot = name.find('.'); dot != std::string::npos && dot > 0) name.resize(dot);
        if (!name.empty() && name != "0xffffffffffffffff") functions.push_back(std::move(name));
    }
    return functions;
}

wait_words words_for(const names& stack, std::string_view wchan) {
    if (stack.empty()) return by_wchan(wchan);
    const auto* r = reason_of(stack);
    if (const auto* s = stage_of(stack)) return words(s->id, r, s->text, s->helps);
    if (wants_s_umount(stack)) return {"s_umount", "lock", s_umount_text, s_umount_helps};
    if (has_ending(stack, "_put_super"))
        return words("put_super", r,
                     "in put_super(): the filesystem takes its own structures down (journal, counters, caches)",
                     "an idle journal: syncfs before the unmount");
    if (has(stack, {"fuse_conn_destroy", "fuse_sb_destroy"}))
        return words("kill_sb", r, "in fuse_conn_destroy(): the daemon is told, or cut off", "MNT_FORCE cuts it off");
    if (has(stack, {"sync_blockdev", "blkdev_put", "bdev_release", "bdev_fput", "invalidate_bdev"}))
        return words("device", r, "the block device is written back and let go of", "a faster device");
    if (has(stack, {"deactivate_locked_super", "generic_shutdown_super"}) || has_ending(stack, "_kill_sb"))
        return words("kill_sb", r, "in the superblock's shutdown", "");
    if (has(stack, {"do_umount", "path_umount", "ksys_umount", "umount_tree"}))
        return words("umount", r, "in umount2(), before the name is gone", "");
    if (waits_for_thaw(stack, wchan)) return {"", "frozen", frozen_text, frozen_helps};
    if (r) return {"", r->id, std::string("it waits ") + r->text, ""};
    return {"", "", fmt::format("in {}()", stack.front()), ""};
}

bool is_unmounting(const names& stack, std::string_view wchan) {
    if (stack.empty()) return wchan == "deactivate_super" || wchan == "namespace_unlock";
    return has(stack, {"deactivate_super", "deactivate_locked_super", "generic_shutdown_super", "cleanup_mnt",
                       "namespace_unlock", "do_umount", "path_umount", "kill_block_super", "kill_anon_super"}) &&
           !has(stack, {"get_tree_bdev", "vfs_get_tree", "do_new_mount"});  // a mount that did not work out
}

bool locks_superblocks(const names& stack) {
    return has(stack, {"iterate_supers", "sync_inodes_one_sb", "__writeback_inodes_wb", "writeback_sb_inodes",
                       "reconfigure_super", "do_remount", "freeze_super", "thaw_super", "ksys_sync", "__do_sys_ustat",
                       "__do_sys_syncfs"});
}

bool waits_for_thaw(const names& stack, std::string_view wchan) {
    if (stack.empty()) return wchan == "percpu_rwsem_wait";
    return has(stack, {"percpu_rwsem_wait", "__percpu_down_read", "percpu_down_read"}) &&
           has(stack, {"mnt_want_write", "mnt_want_write_file", "mnt_get_write_access", "sb_start_write",
                       "__sb_start_write", "sb_start_intwrite", "sb_start_pagefault", "file_start_write",
                       "kiocb_start_write", "vfs_write", "vfs_iter_write", "vfs_fallocate", "do_iter_readv_writev",
                       "lo_rw_aio", "do_page_mkwrite", "ext4_page_mkwrite", "filemap_page_mkwrite"});
}

std::string dying_type(const names& stack) {
    for (const std::string_view end : {"_kill_sb", "_kill_sb_anon", "_kill_sb_blk", "_put_super"})
        for (const auto& f : stack) {
            if (!f.ends_with(end) || f.size() == end.size()) continue;
            std::string type = f.substr(0, f.size() - end.size());
            if (type.ends_with("_fs")) type.resize(type.size() - 3);  // xfs_fs_put_super
            return type == "shmem" ? "tmpfs" : type;
        }
    return {};
}

}  // namespace drainlab::machine
