#include "fusefs/kernel/host.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/isw.hpp"

namespace drainlab::kernel {

std::string_view to_string(producer by) noexcept {
    switch (by) {
        case producer::vote: return "vote";
        case producer::offline: return "offline";
        case producer::blkcg: return "blkcg";
    }
    return "?";
}

host::host(sched::scheduler& s, machine& m, kernel::rcu& r, const profile& p)
    : sched{s},
      cpus{m},
      rcu{r},
      prof{p},
      isw_wq{s, m, "inode_switch_wbs"},
      bdi_wq{s, m, "writeback", 0, true},
      cgwb_release_wq{s, m, "cgwb_release", 1},
      cgroup_destroy_wq{s, m, "cgroup_destroy", 1},
      system_wq{s, m, "events"},
      isw_nr_in_flight{s} {
    root_memcg = std::make_shared<memcg>(memcg{*this, ++last_memcg_id, "/", {}, memcg_state::online, {}});
    memcgs.emplace(root_memcg->id, root_memcg);
    cleanup_offline_cgwbs_work.name = "cleanup_offline_cgwbs";
    cleanup_offline_cgwbs_work.func = [this] { return cleanup_offline_cgwbs_workfn(*this); };
    cgroup_destroy_work.name = "css_killed_work_fn";
    cgroup_destroy_work.func = [this] { return css_killed_work_fn(*this); };
}

host::~host() {
    for (isw& s : isws) s.reader.forget();
    isws.clear();
    for (const auto& weak : supers)
        if (const auto sb = weak.lock()) sb->s_inodes.clear();  // inodes and their superblock hold each other
}

namespace {
// A spent work has no name; it is freed when the next one is made, as its worker still looks at it for a moment.
task<> run_once(work_struct& work, std::function<task<>()> func) {
    co_await func();
    work.name.clear();
}
}  // namespace

work_struct& host::one_shot_work(std::string name, std::function<task<>()> func) {
    reap_works();
    auto& work = *one_shot_works.emplace_back(std::make_unique<work_struct>());
    work.name = std::move(name);
    work.func = [&work, func = std::move(func)] { return run_once(work, func); };
    return work;
}

void host::reap_works() {
    std::erase_if(one_shot_works, [](const auto& w) { return w->name.empty() && !w->pending && !w->running; });
}

void host::violated(std::string invariant, std::string message, std::string_view by, const super_block* sb) {
    violations.push_back({std::move(invariant), std::move(message), std::string{by}, sb ? sb->s_id : "",
                          std::string{sb ? sb->policy->id() : std::string_view{}}, sched.now()});
    trace("violation", sb);
    if (on_violation) on_violation(violations.back());
}

void host::trace(std::string_view name, const super_block* sb, std::string_view key1, std::int64_t v1,
                 std::string_view key2, std::int64_t v2) const {
    if (on_trace) on_trace({name, sb ? std::string_view{sb->s_id} : std::string_view{}, key1, v1, key2, v2});
}

}  // namespace drainlab::kernel
