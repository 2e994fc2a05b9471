#include "controller/race/story_mounts.hpp"

#include <utility>

namespace drainlab::race {

namespace {

/// "A"; a copy of it is "A'".
std::string called(const kernel::mount& m, const kernel::mount_table& t) {
    std::string name = m.name;
    for (const auto& other : t.mounts) {
        if (other.get() == &m) break;
        if (other->name == m.name) name += "'";
    }
    return name;
}

constexpr std::pair<std::string_view, std::string_view> plain_words[] = {
    {"walk_enters", "RCU walk enters %"},
    {"legitimized", "__legitimize_mnt: the sequence is unchanged, % is held"},
    {"legitimize_too_late", "the walk sees that the sequence changed: -ECHILD"},
    {"mntput", "mntput_no_expire of %: not the last"},
    {"mntput_last", "mntput_no_expire of %: the last, MNT_DOOMED"},
    {"put_task_work", "task_work_add: cleanup of % before the return to user mode"},
    {"put_delayed", "a kernel thread: % goes to delayed_mntput_work"},
    {"put_direct", "MNT_INTERNAL: % is cleaned up at once"},
    {"cleanup_mnt", "cleanup_mnt of %: deactivate_super"},
    {"mnt_unhashed", "umount_tree: % leaves the namespace"},
    {"grace_period_begins", "namespace_unlock: % waits for a grace period"},
    {"grace_period_ends", "the grace period of % is over"},
    {"without_grace_period", "% has no other reference: MNT_DOOMED without a grace period"},
    {"deferred", "% is left to queue_rcu_work"},
    {"mounted", "mount: % is grafted"},
    {"mount_refused", "mount: the mount point is gone, EINVAL"},
};

}  // namespace

std::string mount_words(const kernel::trace_event& e, const world_run& run) {
    if (e.name == "umount_returns") return "umount2 returns " + std::to_string(e.value1);
    const kernel::mount_table& t = run.mounts()->table();
    std::string name;
    for (const auto& m : t.mounts)
        if (m->id == e.value1) name = called(*m, t);
    if (name == "rootfs") return {};
    if (e.name == "legitimize_fails")
        return "__legitimize_mnt: the sequence changed meanwhile: the count of " + name +
               (e.value2 ? " is dropped silently" : " must be put");
    if (e.name == "mntput_begins") return e.value2 ? "mntput sees " + name + " in its namespace" : "";
    if (e.name == "umount_busy")
        return e.value2 ? "do_umount: the copy " + name + " at the peer is in use, EBUSY" : "do_umount: EBUSY";
    if (e.name == "umount_counts") return e.value2 > 0 ? "do_umount adds up the counts of " + name : "";
    for (const auto& [event, words] : plain_words) {
        if (event != e.name) continue;
        std::string text{words};
        if (const auto mark = text.find('%'); mark != std::string::npos) text.replace(mark, 1, name);
        return text;
    }
    return {};
}

std::string mounts_text(const stage& s) {
    std::string text;
    for (const auto& m : s.table().mounts) {
        if (m->name == "rootfs") continue;
        text += (text.empty() ? "mnt " : ", mnt ") + called(*m, s.table()) + " " +
                (m->freed                        ? "freed"
                 : m->cleaned                    ? "cleaned"
                 : m->flags & kernel::MNT_DOOMED ? "doomed"
                                                 : std::to_string(kernel::mnt_count_now(*m)));
        if (!m->ns && !(m->flags & kernel::MNT_DOOMED)) text += " unhashed";
    }
    return text;
}

}  // namespace drainlab::race
