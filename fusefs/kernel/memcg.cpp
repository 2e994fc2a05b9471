#include "fusefs/kernel/memcg.hpp"

#include "fusefs/kernel/host.hpp"

namespace drainlab::kernel {

memcg_ptr memcg_create(host& h, std::string name, memcg_ptr parent) {
    if (!parent) parent = h.root_memcg;
    auto m = std::make_shared<memcg>(
        memcg{h, ++h.last_memcg_id, std::move(name), std::move(parent), memcg_state::online, {}});
    h.memcgs.emplace(m->id, m);
    return m;
}

void memcg_rmdir(const memcg_ptr& m) {
    host& h = m->h;
    if (!m->online() || !m->parent) return;
    m->state = memcg_state::dying;
    h.trace("cgroup_rmdir", nullptr, "memcg", static_cast<std::int64_t>(m->id));
    for (int i = 0; i < h.prof.callbacks_per_cgroup_exit; ++i) h.rcu.call([] {});
    h.rcu.call([&h, m] {
        h.dying_memcgs.push_back(m);
        h.cgroup_destroy_wq.queue(h.cgroup_destroy_work);
    });
}

task<> css_killed_work_fn(host& h) {
    while (!h.dying_memcgs.empty()) {
        const memcg_ptr m = h.dying_memcgs.front();
        h.dying_memcgs.pop_front();
        memcg_css_offline(m);
    }
    co_return;
}

void memcg_css_offline(const memcg_ptr& m) {
    host& h = m->h;
    if (m->state == memcg_state::offline) return;
    m->state = memcg_state::offline;
    h.memcgs.erase(m->id);
    h.trace("wb_memcg_offline", nullptr, "memcg", static_cast<std::int64_t>(m->id), "wbs",
            static_cast<std::int64_t>(m->cgwb_list.size()));
    wb_blkcg_offline(m);
    h.system_wq.queue(h.cleanup_offline_cgwbs_work);
}

void wb_blkcg_offline(const memcg_ptr& m) {
    const auto wbs = m->cgwb_list;
    for (bdi_writeback* wb : wbs) cgwb_kill(*wb);
}

memcg_ptr living_ancestor(memcg_ptr m) {
    while (m && !m->online()) m = m->parent;
    return m;
}

}  // namespace drainlab::kernel
