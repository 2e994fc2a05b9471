#include "controller/cli/known_words.hpp"

#include "controller/cli/known.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/input/read_file.hpp"
#include "fusefs/input/toml.hpp"
#include "fusefs/kernel/drain/mutants.hpp"
#include "fusefs/kernel/namespace/policy.hpp"

#include <algorithm>

namespace drainlab::cli {

namespace {

using word_list = std::vector<known_word>;

/// `title` or `about` of a TOML file; else its first comment.
client::result<std::string> about_file(const std::string& kind, const std::string& name) {
    BOOST_OUTCOME_TRY(auto path, words::data_file(kind, name));
    const auto read = input::read_file(path, input::mebibyte);
    if (!read.text) return client::usage_error(read.error);
    if (const auto parsed = input::parse_toml(*read.text, path); parsed.table)
        for (const char* key : {"title", "about"})
            if (const auto text = (*parsed.table)[key].value<std::string>()) return *text;
    const auto line = read.text->substr(0, read.text->find_first_of("\n.:;"));
    return line.starts_with("# ") ? line.substr(2) : std::string{};
}

client::result<word_list> words_on_disk(const std::string& kind) {
    BOOST_OUTCOME_TRY(auto names, words::data_names(kind));
    word_list all;
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto about, about_file(kind, name));
        all.push_back({name, about});
    }
    return all;
}

client::result<word_list> scenarios() {
    BOOST_OUTCOME_TRY(auto all, words_on_disk("scenarios"));
    all.push_back({"lazy_free", "umount -l of a mount that nobody uses"});
    all.push_back({"lazy_held", "umount -l of a mount with an open file"});
    all.push_back({"umount_free", "umount of a mount that nobody uses, without any load"});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

word_list policies() {
    word_list all;
    for (const auto& id : known_policies()) all.push_back({id, policy_summary(id)});
    return all;
}

word_list namespace_policies() {
    word_list all;
    for (const auto* p : kernel::namespace_policies())
        all.push_back({std::string(p->id()), std::string(p->versions()) + ": " + std::string(p->summary())});
    return all;
}

word_list mutants() {
    word_list all;
    for (const auto* m : kernel::drain_mutants()) all.push_back({std::string(m->id()), std::string(m->summary())});
    for (const auto* m : kernel::namespace_mutants()) all.push_back({std::string(m->id()), std::string(m->summary())});
    return all;
}

word_list invariants() {
    return {{"bytes_lost", "every byte that a caller was told is written reaches the store"},
            {"busy_inodes", "no inode is held once eviction is over: VFS: Busy inodes after unmount"},
            {"counter_not_zero", "a superblock's counters are zero when it dies"},
            {"device_busy", "mkfs finds the device free once an unmount of a mount that nobody uses has returned"},
            {"dirty_after_death", "every dirty byte reached the store before the superblock died"},
            {"double_free", "nothing is freed twice"},
            {"drain_limit", "no drain takes longer than its limit"},
            {"mount_leaked", "every mount that lost its last reference is freed"},
            {"queued_after_drain", "no switch is queued once the drain is over"},
            {"request_after_shutdown", "the kernel sends no request once the superblock is being shut down"},
            {"sleeping_in_atomic", "nobody waits in a section that must not sleep"},
            {"store_hangs", "every call on a store is answered within the drain limit"},
            {"umount_not_synchronous", "a synchronous unmount returns after its superblock is dead"},
            {"use_after_free", "nothing is used after it was freed"},
            {"wb_leaked", "a dying memcg's wb is released once nothing refers to it"}};
}

word_list events() {
    return {{"cgroup_rmdir", "a cgroup was removed"},
            {"cleanup_mnt", "a mount's last reference is gone, it is being freed"},
            {"connection_ended", "the kernel, or an abort, ended the FUSE connection"},
            {"deferred", "a mount's end was left to a later grace period"},
            {"detached", "a mount's name is gone"},
            {"drain_begins", "cgroup_writeback_umount() was entered"},
            {"drain_flush_isw_wq", "flush_workqueue() of a drain returned"},
            {"drain_rcu_barrier", "rcu_barrier() of a drain returned"},
            {"drain_synchronize_rcu", "synchronize_rcu() of a drain returned"},
            {"drain_wait_var_event", "persb's drain had to wait, and the superblock's counter is 0"},
            {"drained", "cgroup_writeback_umount() returned"},
            {"dying", "a superblock's last reference is gone"},
            {"flusher_turn", "the flusher writes what has been dirty for 30 s"},
            {"gate_lost", "the process that makes unmounts wait is gone"},
            {"grace_period_begins", "an RCU grace period began"},
            {"grace_period_ends", "an RCU grace period ended"},
            {"inode_switch_wbs", "an inode was moved to its new wb"},
            {"inode_switch_wbs_queue", "a switch was queued on its wb"},
            {"isw_backs_out", "a switch saw that its superblock is going and gave up"},
            {"isw_prepared", "a switch holds its inode and is not queued yet"},
            {"legitimize_fails", "a lockless walker found its mount gone"},
            {"legitimize_too_late", "a lockless walker took its reference too late and gave it back"},
            {"legitimized", "a lockless walker took its reference"},
            {"mnt_unhashed", "a mount left the tables that walkers look in"},
            {"mntput", "a reference on a mount was dropped"},
            {"mntput_begins", "a reference on a mount is about to be dropped"},
            {"mntput_last", "the last reference on a mount was dropped"},
            {"mount_refused", "a mount point was gone when something was to be mounted there"},
            {"mounted", "something was mounted"},
            {"put_delayed", "a last reference was dropped in a delayed work"},
            {"put_direct", "a last reference was dropped where it stood"},
            {"put_task_work", "a last reference was dropped on a task's way back to user space"},
            {"sb_inactive", "SB_ACTIVE was cleared"},
            {"umount_busy", "an unmount found the mount in use"},
            {"umount_counts", "an unmount summed up the references"},
            {"umount_returns", "an unmount returned"},
            {"violation", "an invariant did not hold"},
            {"walk_enters", "a lockless walker began"},
            {"walkers_waited_for", "an unmount waited for lockless walkers"},
            {"wb_memcg_offline", "a memcg died, its wb is being cleaned up"},
            {"wb_released", "a dying memcg's wb has lost its last reference and is freed after a grace period"},
            {"without_grace_period", "an unmount needed no grace period"}};
}

}  // namespace

const std::vector<known_word>& word_kinds() {
    static const word_list kinds{{"policies", "drain policies: what an unmount waits for"},
                                 {"namespace-policies", "how an unmount waits for lockless walkers"},
                                 {"scenarios", "what bench and sim measure"},
                                 {"profiles", "machines whose waits are modelled"},
                                 {"worlds", "small worlds that race searches"},
                                 {"mutants", "policies broken on purpose"},
                                 {"events", "what GET /events and a simulation's trace name"},
                                 {"invariants", "what must hold always"}};
    return kinds;
}

client::result<std::vector<known_word>> known_words_of(const std::string& kind) {
    if (kind == "policies") return policies();
    if (kind == "namespace-policies") return namespace_policies();
    if (kind == "scenarios") return scenarios();
    if (kind == "mutants") return mutants();
    if (kind == "events") return events();
    if (kind == "invariants") return invariants();
    return words_on_disk(kind);
}

}  // namespace drainlab::cli
