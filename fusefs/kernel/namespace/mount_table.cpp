#include "fusefs/kernel/namespace/mount_table.hpp"

#include "fusefs/kernel/namespace/policy.hpp"

#include <algorithm>

namespace drainlab::kernel {

mount::mount(mount_table& of, std::shared_ptr<super_block> sb, std::string called)
    : table{of},
      id{static_cast<int>(of.mounts.size())},
      name{std::move(called)},
      mnt_sb{std::move(sb)},
      mnt_ns{of.h.sched},
      expiry_mark{of.h.sched},
      walkers{of.h.sched} {
    for (int cpu = 0; cpu < of.cpus; ++cpu) {
        gets.emplace_back(of.h.sched, cpu == 0 ? 1 : 0);  // vfs_create_mount(): the first reference
        puts.emplace_back(of.h.sched);
    }
}

void mount_seqlock::guard::unlock() {
    if (!of_) return;
    of_->seq_.store(of_->seq_.load() + 1);
    of_ = nullptr;
    held_.unlock();
}

task<mount_seqlock::guard> mount_seqlock::lock() {
    auto held = co_await lock_.lock();
    seq_.store(seq_.load() + 1);
    co_return guard{*this, std::move(held)};
}

task<std::int64_t> mount_seqlock::read_begin() {
    while (seq_.load() % 2 != 0) {
        const auto wait = co_await lock_.lock();  // cpu_relax() until the writer is done
    }
    co_return seq_.load();
}

mount_table::mount_table(host& on, const namespace_policy& under, int count_cpus)
    : h{on},
      policy{&under},
      cpus{count_cpus > 0 ? count_cpus : on.cpus.cpus()},
      namespace_sem{on.sched, "namespace_sem"},
      mount_lock{on.sched} {
    delayed_mntput_work.work.name = "delayed_mntput";
    delayed_mntput_work.work.func = [this]() -> task<> {
        while (!delayed_mntput_list.empty()) {
            mount* const m = delayed_mntput_list.front();
            delayed_mntput_list.erase(delayed_mntput_list.begin());
            co_await cleanup_mnt(*m);
        }
    };
}

void mount_table::observed(std::string what) {
    if (std::find(observations.begin(), observations.end(), what) == observations.end())
        observations.push_back(std::move(what));
}

void mount_table::trace(std::string_view what, const mount& m, std::string_view key, std::int64_t value) const {
    h.trace(what, m.mnt_sb.get(), "mnt", m.id, key, value);
}

int mount_table::this_cpu() const { return h.sched.current() ? h.sched.current()->cpu % cpus : 0; }

user_task::user_task(mount_table& t)
    : table_{t}, self_{t.h.sched.current()}, outer_{t.task_works.contains(t.h.sched.current())} {
    DRAINLAB_CHECK(self_ != nullptr);
    if (!outer_) table_.task_works[self_];
}

user_task::~user_task() {
    if (!outer_) table_.task_works.erase(self_);
}

task<> user_task::task_work_run() {
    std::vector<mount*>& works = table_.task_works[self_];
    while (!works.empty()) {
        mount* const m = works.front();
        works.erase(works.begin());
        co_await cleanup_mnt(*m);
    }
}

task<> settle_mounts(mount_table& t) {
    co_await t.h.rcu.barrier();  // queue_rcu_work()
    co_await t.h.system_wq.flush();
    while (!idle(t.delayed_mntput_work)) co_await t.h.sched.wait_on(&t.delayed_mntput_work.work, "delayed_mntput_work");
}

void check_leaked_mounts(mount_table& t) {
    for (const auto& m : t.mounts) {
        if (m->ns || m->cleaned || m->holders > 0 || (m->flags & MNT_INTERNAL) || m->mnt_parent) continue;
        t.h.violated("mount_leaked",
                     "mount " + m->name + " is in no namespace, nobody holds it, and it was never freed (count " +
                         std::to_string(mnt_count_now(*m)) + ")",
                     {}, m->mnt_sb.get());
    }
}

}  // namespace drainlab::kernel
