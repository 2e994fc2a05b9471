// Memory cgroups, as far as writeback ownership needs them (mm/memcontrol.c, kernel/cgroup/cgroup.c).
#pragma once
#include "fusefs/kernel/types.hpp"

#include <memory>
#include <string>
#include <vector>

namespace drainlab::kernel {

/// online: may own pages and wbs. dying: its directory is gone, css_tryget() fails, its offline
/// callback waits for a grace period. offline: mem_cgroup_css_offline() has run, its wbs are killed.
enum class memcg_state : std::uint8_t { online, dying, offline };

/// Shared by the folios charged to it and the wbs made for it; outlives its cgroup as long as they do.
struct memcg {
    host& h;
    memcg_id id;
    std::string name;
    std::shared_ptr<memcg> parent;  ///< null for the root
    memcg_state state{memcg_state::online};
    std::vector<bdi_writeback*> cgwb_list;  ///< its live wbs, one per bdi

    bool online() const noexcept { return state == memcg_state::online; }
};
using memcg_ptr = std::shared_ptr<memcg>;

/// mkdir of a cgroup: a new online memcg below `parent` (null: the root).
memcg_ptr memcg_create(host& h, std::string name, memcg_ptr parent = {});
/// rmdir: dying at once; mem_cgroup_css_offline() follows after an RCU grace period, from a work item, as
/// percpu_ref_kill_and_confirm() and cgroup_destroy_wq make it in the kernel. No effect unless online.
void memcg_rmdir(const memcg_ptr& m);
/// mem_cgroup_css_offline() -> wb_memcg_offline(): kills its wbs and queues the offline cleanup.
void memcg_css_offline(const memcg_ptr& m);
/// wb_blkcg_offline(): the io controller is taken from its cgroup. Its wbs die, though
/// it lives on; each inode of theirs asks for a switch when it is next written back.
void wb_blkcg_offline(const memcg_ptr& m);
/// css_killed_work_fn(): the offline callbacks that are due.
task<> css_killed_work_fn(host& h);
/// `m` if it is online, else its nearest living ancestor: whom its folios are reparented to.
memcg_ptr living_ancestor(memcg_ptr m);

}  // namespace drainlab::kernel
