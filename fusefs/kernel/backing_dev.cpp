#include "fusefs/kernel/backing_dev.hpp"

#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/isw.hpp"
#include "fusefs/kernel/writeback.hpp"

#include <algorithm>
#include <bit>

namespace drainlab::kernel {

namespace {

std::string words_for(const bdi_writeback& wb) { return "the bdi_writeback of " + wb.cg->name + " on " + wb.bdi.name; }

void free_wb(host& h, bdi_writeback& wb) {
    auto node = h.cgwbs.extract(&wb);
    if (!h.keep_freed) return;
    wb.freed = true;
    h.freed_cgwbs.push_back(std::move(node.mapped()));
}

/// A reference that is taken or dropped where there is none left.
void without_reference(const bdi_writeback& wb, std::string_view who) {
    host& h = wb.bdi.h;
    DRAINLAB_CHECK(h.keep_freed);
    h.violated("use_after_free", words_for(wb) + " has no reference left: " + std::string{who});
}

// cgwb_release_workfn(): the last reference is gone.
task<> cgwb_release_workfn(bdi_writeback& wb) {
    host& h = wb.bdi.h;
    if (!wb.work_list
             .empty()) {  // wb_shutdown(): somebody's sync was ordered here just before the last inode moved away
        wb_wakeup(wb);
        co_await h.bdi_wq.flush_work(wb.dwork.work);
    }
    co_await h.bdi_wq.cancel_sync(wb.dwork);
    const bool unused =
        wb.work_list.empty() && !wb.has_dirty_io() && wb.b_attached.empty() && wb.switch_wbs_ctxs.empty();
    DRAINLAB_CHECK(unused || h.keep_freed);
    if (!unused) h.violated("use_after_free", words_for(wb) + " is released with inodes or switches on it");
    if (wb.dying) h.offline_cgwbs.erase(wb.offline_at);
    std::erase(wb.bdi.wb_list, &wb);
    bdi_writeback* const gone = &wb;
    h.trace("wb_released", nullptr, "memcg", static_cast<std::int64_t>(wb.cg->id));
    h.rcu.call([&h, gone] { free_wb(h, *gone); });
}

void init_works(bdi_writeback& wb) {
    wb.dwork.work.name = "wb_workfn";
    wb.dwork.work.func = [&wb] { return wb_workfn(wb); };
    wb.switch_work.name = "inode_switch_wbs_work_fn";
    wb.switch_work.func = [&wb] { return inode_switch_wbs_work_fn(wb); };
    wb.release_work.name = "cgwb_release_workfn";
    wb.release_work.func = [&wb] { return cgwb_release_workfn(wb); };
}

}  // namespace

bdi_writeback::bdi_writeback(backing_dev_info& on, memcg_ptr of, bool root)
    : bdi{on},
      keeps_bdi{root ? nullptr : on.shared_from_this()},
      cg{std::move(of)},
      is_root{root},
      seq{++on.h.last_wb_seq},
      list_lock{on.h.sched, "wb->list_lock"},
      bw_time_stamp{on.h.sched.now()},
      last_old_flush{on.h.sched.now()} {
    init_works(*this);
}

std::list<inode*>& bdi_writeback::list(io_list which) {
    switch (which) {
        case io_list::b_dirty: return b_dirty;
        case io_list::b_io: return b_io;
        case io_list::b_more_io: return b_more_io;
        case io_list::b_attached: return b_attached;
        case io_list::none: break;
    }
    DRAINLAB_CHECK(!"no list");
    return b_dirty;
}

backing_dev_info::backing_dev_info(host& on, std::string called)
    : h{on}, name{std::move(called)}, wb_switch_rwsem{on.sched, "bdi->wb_switch_rwsem"} {
    wb = std::make_unique<bdi_writeback>(*this, on.root_memcg, true);
    wb_list.push_back(wb.get());
}

backing_dev_info& bdi_register(host& h, std::string name) {
    bdi_reap(h);
    const auto made = std::make_shared<backing_dev_info>(h, std::move(name));
    made->at = h.bdis.insert(h.bdis.end(), made);
    return *made;
}

void bdi_get(backing_dev_info& bdi) noexcept { ++bdi.users; }

void bdi_unregister(backing_dev_info& bdi) {
    bdi.registered = false;
    bdi.h.bdis.splice(bdi.h.bdis.begin(), bdi.h.bdis, bdi.at);
    const auto live = bdi.cgwb_tree;
    for (const auto& [id, wb] : live) cgwb_kill(*wb);
    host& h = bdi.h;
    h.system_wq.queue(h.one_shot_work(
        "bdi_unregister", [&h, keep = bdi.shared_from_this()] { return h.bdi_wq.cancel_sync(keep->wb->dwork); }));
}

void bdi_reap(host& h) {
    h.reap_works();
    const auto idle = [](const work_struct& work) { return !work.pending && !work.running; };
    for (auto at = h.bdis.begin(); at != h.bdis.end() && !(*at)->registered;) {  // the unregistered ones stand in front
        const auto& bdi = *at;
        const bool free =
            bdi.use_count() == 1 && idle(bdi->wb->switch_work) && idle(bdi->wb->dwork.work) && !bdi->wb->dwork.armed;
        at = free ? h.bdis.erase(at) : std::next(at);
    }
}

bdi_writeback& wb_get_create(backing_dev_info& bdi, const memcg_ptr& m) {
    if (!m || !m->parent || !m->online() || !bdi.registered) return *bdi.wb;
    if (const auto found = bdi.cgwb_tree.find(m->id); found != bdi.cgwb_tree.end()) {
        wb_get(*found->second);
        return *found->second;
    }
    auto made = std::make_unique<bdi_writeback>(bdi, m, false);
    bdi_writeback& wb = *made;
    bdi.h.cgwbs.emplace(&wb, std::move(made));
    bdi.cgwb_tree.emplace(m->id, &wb);
    bdi.wb_list.push_back(&wb);
    m->cgwb_list.push_back(&wb);
    wb_get(wb);
    return wb;
}

bool wb_tryget(bdi_writeback& wb) {
    if (!wb.is_root && wb.refcnt == 0) return false;
    wb_get(wb);
    return true;
}

void wb_get(bdi_writeback& wb) {
    if (wb.is_root) return;
    if (wb.refcnt <= 0) without_reference(wb, "wb_get()");
    ++wb.refcnt;
}

void wb_put(bdi_writeback& wb, std::int64_t n) {
    if (wb.is_root || n == 0) return;
    if (wb.refcnt < n) return without_reference(wb, "wb_put()");
    wb.refcnt -= n;
    if (wb.refcnt > 0 || (wb.released && wb.bdi.h.keep_freed)) return;
    DRAINLAB_CHECK(wb.dying && !wb.released);
    wb.released = true;
    wb.bdi.h.cgwb_release_wq.queue(wb.release_work);
}

void check_not_freed(const bdi_writeback& wb, std::string_view who) {
    if (wb.freed)
        wb.bdi.h.violated("use_after_free", std::string{who} + " touches " + words_for(wb) + ", which is freed");
}

void cgwb_kill(bdi_writeback& wb) {
    if (wb.dying) return;
    wb.dying = true;
    wb.bdi.cgwb_tree.erase(wb.cg->id);
    std::erase(wb.cg->cgwb_list, &wb);
    auto& offline = wb.bdi.h.offline_cgwbs;
    wb.offline_at = offline.insert(offline.end(), &wb);
    wb_put(wb);  // percpu_ref_kill()
}

void wb_update_bandwidth(bdi_writeback& wb, bool force) {
    constexpr auto interval = std::chrono::milliseconds{200};  // BANDWIDTH_INTERVAL: max(HZ/5, 1)
    constexpr std::int64_t period_ms = 4096;                   // roundup_pow_of_two(3 * HZ), here in 1/1024 s
    const instant now = wb.bdi.h.sched.now();
    if (!force && now - wb.bw_time_stamp < interval) return;
    const std::int64_t elapsed = (now - wb.bw_time_stamp) * 1024 / std::chrono::seconds{1};
    if (elapsed <= 0) return;
    const std::uint64_t written = wb.stat_written - wb.written_stamp;
    wb.bw_time_stamp = now;
    wb.written_stamp = wb.stat_written;
    if (written == 0 && elapsed > 1024) return;  // idle for a second: keep the old estimate (inode_to_wb idle reset)

    // wb_update_write_bandwidth(): bw = written / elapsed, mixed into the old value by elapsed / period.
    std::uint64_t bw = written * 1024;
    const std::uint64_t old = wb.write_bandwidth;
    std::uint64_t avg = wb.avg_write_bandwidth;
    if (elapsed > period_ms) {
        bw /= static_cast<std::uint64_t>(elapsed);
        avg = bw;
    } else {
        bw += old * static_cast<std::uint64_t>(period_ms - elapsed);
        bw >>= std::bit_width(static_cast<std::uint64_t>(period_ms)) - 1;
        if (avg > old && old >= bw) avg -= (avg - old) >> 3;
        if (avg < old && old <= bw) avg += (old - avg) >> 3;
    }
    wb.avg_write_bandwidth = std::max<std::uint64_t>(avg, 1);
    wb.write_bandwidth = bw;
}

}  // namespace drainlab::kernel
