#include "controller/race/stage.hpp"

#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/propagate.hpp"

#include <algorithm>

namespace drainlab::race {

using kernel::path;
using sched::task;

namespace {

/// One CPU per task and one for the scene; dup() takes one more.
int cpus_of(const world_spec& spec) {
    const auto dups = std::count_if(spec.tasks.begin(), spec.tasks.end(),
                                    [](const task_spec& t) { return t.does == action::dup_close; });
    return static_cast<int>(spec.tasks.size()) + 1 + static_cast<int>(dups);
}

}  // namespace

stage::stage(const world_spec& spec, kernel::host& h, const kernel::namespace_policy& policy,
             const std::vector<std::shared_ptr<kernel::super_block>>& supers, std::shared_ptr<kernel::super_block> root)
    : spec_{spec}, table_{h, policy, cpus_of(spec)}, supers_{supers} {
    table_.split_counts = spec.split_counts;
    namespaces_.push_back(&kernel::make_mnt_namespace(table_, spec.namespaces.front().name, std::move(root)));
}

// ---- before the run ------------------------------------------------------------------------------------------------

task<> stage::set() {
    for (const namespace_spec& n : spec_.namespaces)
        if (n.shared) kernel::set_mnt_shared(*namespaces_.front()->root);
    namespaces_.resize(spec_.namespaces.size());
    for (std::size_t n = 1; n < namespaces_.size(); ++n)
        if (spec_.namespaces[n].shared)
            namespaces_[n] = co_await kernel::copy_mnt_ns(table_, *namespaces_.front(), spec_.namespaces[n].name);
    std::vector<bool> again(supers_.size());
    for (const mount_spec& m : spec_.mounts) {
        if (again[m.superblock]) kernel::grab_super(*supers_[m.superblock]);
        again[m.superblock] = true;
        const int result = co_await kernel::sys_mount(table_, *namespaces_.front(), m.at, supers_[m.superblock]);
        DRAINLAB_CHECK(result == 0);
    }
    for (std::size_t n = 1; n < namespaces_.size(); ++n)
        if (!spec_.namespaces[n].shared)
            namespaces_[n] = co_await kernel::copy_mnt_ns(table_, *namespaces_.front(), spec_.namespaces[n].name);
    for (const file_spec& f : spec_.files)
        files_.push_back(co_await kernel::sys_open(table_, *namespaces_.front(), f.path));
    for (const path& f : files_) pwds_.push_back({f});
    for (const mount_spec& m : spec_.mounts)
        if (m.detached) co_await detach(m);
    seen_.clear();
}

task<> stage::detach(const mount_spec& m) {
    const int result = co_await kernel::sys_umount(table_, *namespaces_.front(), m.at, kernel::MNT_DETACH);
    DRAINLAB_CHECK(result == 0);
    co_await kernel::settle_mounts(table_);
}

// ---- the tasks -----------------------------------------------------------------------------------------------------

std::string stage::name_of(const task_spec& t) const {
    const std::string in = t.ns > 0 ? " in " + spec_.namespaces[t.ns].name : "";
    switch (t.does) {
        case action::umount2: return (t.lazy ? "umount -l " : "umount ") + t.path + in;
        case action::walk: return "walk to " + t.path + in;
        case action::mount: return "mount " + spec_.superblocks[t.superblock].name + " at " + t.path + in;
        case action::put_namespace: return "exit of " + spec_.namespaces[t.ns].name;
        case action::close: return "close of " + spec_.files[t.file].name;
        case action::dup_close: return "dup and close of " + spec_.files[t.file].name;
        case action::walk_pwd: return "walk from " + spec_.files[t.file].name;
        case action::leave_pwd: return "chdir from " + spec_.files[t.file].name;
        case action::put_by_kthread: return "kthread";
        case action::put_by_delayed_work: return "delayed work";
        default: return "?";
    }
}

task<> stage::act(const task_spec& t) {
    switch (t.does) {
        case action::umount2: co_await umount2(t); break;
        case action::walk: co_await walk(t); break;
        case action::mount: co_await mount(t); break;
        case action::put_namespace: co_await kernel::put_mnt_ns(table_, *namespaces_[t.ns]); break;
        case action::walk_pwd: co_await walk_pwd(t); break;
        case action::leave_pwd: co_await kernel::sys_leave_pwd(table_, pwds_[t.file]); break;
        case action::close: co_await kernel::sys_close(table_, files_[t.file]); break;
        case action::dup_close: co_await dup_close(files_[t.file]); break;
        case action::put_by_kthread: co_await kernel::path_put(files_[t.file]); break;
        case action::put_by_delayed_work: put_by_delayed_work(files_[t.file]); break;
        default: break;
    }
}

task<> stage::umount2(const task_spec& t) {
    const int result =
        co_await kernel::sys_umount(table_, *namespaces_[t.ns], t.path, t.lazy ? kernel::MNT_DETACH : 0u);
    if (result != 0 || !t.mkfs) co_return;
    kernel::super_block& sb = *supers_[*t.mkfs];
    if (sb.state != kernel::sb_state::dead)
        table_.h.violated("device_busy",
                          "mkfs: device of " + sb.s_id +
                              ": Device or resource busy: umount -l has returned 0, nobody " +
                              "holds the mount, and the superblock is alive",
                          {}, &sb);
}

task<> stage::walk(const task_spec& t) {
    path file = co_await kernel::sys_open(table_, *namespaces_[t.ns], t.path);
    if (!file.mnt) co_return;  // its namespace is gone
    co_await kernel::touch(file);
    co_await kernel::sys_close(table_, std::move(file));
}

task<> stage::walk_pwd(const task_spec& t) {
    path file = co_await kernel::sys_open_pwd(table_, pwds_[t.file]);
    if (!file.mnt) co_return;  // the other thread was first
    co_await kernel::touch(file);
    co_await kernel::sys_close(table_, std::move(file));
}

task<> stage::dup_close(path file) {
    kernel::mntget(*file.mnt);
    ++file.mnt->holders;
    path second = file;
    table_.h.sched.current()->cpu = table_.cpus - 1;
    co_await kernel::sys_close(table_, std::move(file));
    co_await kernel::touch(second);
    co_await kernel::sys_close(table_, std::move(second));
}

task<> stage::mount(const task_spec& t) {
    co_await kernel::sys_mount(table_, *namespaces_[t.ns], t.path, supers_[t.superblock]);
}

void stage::put_by_delayed_work(path file) {
    late_put_.work.name = "delayed fput";
    late_put_.work.func = [file] { return kernel::path_put(file); };
    table_.h.system_wq.queue_delayed(late_put_, table_.h.prof.tick());
}

bool stage::quiet() const {
    const auto deferred = std::count_if(table_.deferred_works.begin(), table_.deferred_works.end(),
                                        [](const kernel::work_struct& w) { return w.done_count == 0; });
    return deferred + !idle(late_put_) + !idle(table_.delayed_mntput_work) <= 1;
}

task<> stage::settle() {
    while (!idle(late_put_)) co_await table_.h.sched.wait_on(&late_put_.work, "the delayed fput");
    co_await kernel::settle_mounts(table_);
}

// ---- watching ------------------------------------------------------------------------------------------------------

bool stage::by_umount() const { return table_.h.sched.current()->name.starts_with("umount"); }

void stage::watch(const kernel::trace_event& e, by_window<bool>& reached) {
    if (e.key1 == "mnt") watch_mount(e, reached);
    if (e.name == "umount_returns" && e.value1 == 0 && !e.sb.empty())
        for (const auto& sb : supers_)
            if (sb->s_id == e.sb && sb->state != kernel::sb_state::dead)
                reached[index_of(window::outlives_lazy)] = true;
}

void stage::watch_mount(const kernel::trace_event& e, by_window<bool>& reached) {
    const auto reach = [&](window w) { reached[index_of(w)] = true; };
    const std::size_t fiber = table_.h.sched.current()->id;
    if (seen_.size() < table_.mounts.size()) seen_.resize(table_.mounts.size());
    if (walking_.size() <= fiber) walking_.resize(fiber + 1), putting_.resize(fiber + 1);
    const auto id = static_cast<std::size_t>(e.value1);
    seen& m = seen_[id];
    const auto walk_over = [&] {
        for (const int in : walking_[fiber]) --seen_[static_cast<std::size_t>(in)].walkers;
        walking_[fiber].clear();
    };
    if (e.name == "walk_enters") {
        ++m.walkers;
        walking_[fiber].push_back(static_cast<int>(id));
    } else if (e.name == "legitimized") {
        walk_over();
    } else if (e.name == "legitimize_too_late") {
        walk_over();
        reach(window::legitimize_too_late);
    } else if (e.name == "legitimize_fails") {
        walk_over();
        reach(e.value2 ? window::late_comer_silent : window::late_comer_puts);
    } else if (e.name == "mnt_unhashed") {
        m.unhashed = true;
        if (m.walkers > 0) reach(window::walk_unhashed);
    } else if (e.name == "mntput_begins") {
        putting_[fiber] = e.value2 ? static_cast<int>(id) + 1 : 0;
    } else if (e.name == "mntput" || e.name == "mntput_last") {
        if (putting_[fiber] == static_cast<int>(id) + 1 && m.unhashed) reach(window::put_overtaken);
        if (m.counting > 0) reach(window::count_moves);
        putting_[fiber] = 0;
    } else if (e.name == "umount_counts") {
        m.counting += static_cast<int>(e.value2);
    } else if (e.name == "umount_busy") {
        reach(e.value2 ? window::copy_busy : window::umount_busy);
    } else if (e.name == "grace_period_begins") {
        reach(window::grace_period);
    } else if (e.name == "without_grace_period") {
        reach(window::without_grace_period);
    } else if (e.name == "put_task_work" && !by_umount()) {
        reach(window::last_put_user);
    } else if (e.name == "put_delayed") {
        reach(window::last_put_kthread);
    } else if (e.name == "mount_refused") {
        reach(window::mount_refused);
    }
}

}  // namespace drainlab::race
