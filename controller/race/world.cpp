#include "controller/race/world.hpp"

#include "fusefs/kernel/isw.hpp"
#include "fusefs/kernel/writeback.hpp"

#include <algorithm>

namespace drainlab::race {

using kernel::task;

namespace {

const kernel::profile no_profile{};

/// Enough foreign rounds behind it that one more asks for a switch (i_wb_frn_history full, i_wb_frn_avg_time small).
constexpr kernel::frn_memory eager{0, 1, 0xffff};

}  // namespace

task<int> instant_store::writepages(kernel::inode& i, kernel::writeback_control& wbc) {
    const std::vector<kernel::pgoff_t> dirty{i.i_mapping.dirty.begin(), i.i_mapping.dirty.end()};
    for (const auto index : dirty) {
        if (!kernel::folio_clear_dirty_for_io(i, index)) continue;
        kernel::wbc_account_cgroup_owner(wbc, i.i_mapping.i_pages.at(index), kernel::page_size);
        kernel::folio_start_writeback(i, index);
        kernel::folio_end_writeback(i, index);
    }
    co_return 0;
}

world_run::world_run(const world_spec& spec, const kernel::drain_policy& policy, sched::decider& choices,
                     sched::exhaustive_options options)
    : spec_{spec},
      sched_{choices, options},
      machine_{static_cast<int>(spec.tasks.size()) + 1},
      rcu_{sched_},
      host_{sched_, machine_, rcu_, no_profile} {
    build(policy);
}

world_run::~world_run() { sched_.drop_all(); }

void world_run::build(const kernel::drain_policy& policy) {
    host_.flusher_enabled = false;
    host_.honour_s_umount = spec_.honours(shield::s_umount);
    host_.sync_at_umount = spec_.honours(shield::sync);
    host_.on_trace = [this](const kernel::trace_event& e) { on_trace(e); };
    for (const auto& m : spec_.memcgs) memcgs_.push_back(kernel::memcg_create(host_, m.name));
    for (std::size_t n = 0; n < spec_.superblocks.size(); ++n) {
        const auto& s = spec_.superblocks[n];
        kernel::backing_dev_info* bdi = nullptr;
        for (std::size_t other = 0; other < n; ++other)
            if (spec_.superblocks[other].bdi == s.bdi) bdi = bdis_[other];
        if (!bdi) {
            bdi = &kernel::bdi_register(host_, s.bdi);
            ++bdi->users;  // the device stays: its end is another story
        }
        bdis_.push_back(bdi);
        supers_.push_back(kernel::sget(host_, s.name, store_, policy, bdi));
    }
    sides_.resize(supers_.size());
    open_files_.resize(supers_.size());
    for (std::size_t n = 0; n < spec_.inodes.size(); ++n) {
        const auto& s = spec_.inodes[n];
        const auto i = kernel::iget_locked(*supers_[s.superblock], n + 1);
        kernel::inode_attach_wb(*i, memcgs_[s.owner]);
        kernel::wb_get(*i->i_wb);  // somebody else's inode: the wb outlives the run, its release is another story
        if (s.votes_pending) i->frn = eager;
        if (s.dirty) {
            kernel::folio_add(*i, 0, memcgs_[s.writer]);
            auto& f = i->i_mapping.i_pages.at(0);
            f.dirty = true;
            i->i_mapping.dirty.insert(0);
            ++i->i_wb->stat_reclaimable;
            i->i_state |= kernel::I_DIRTY_ALL;
        }
        kernel::inode_io_list_move(*i, *i->i_wb, s.dirty ? kernel::io_list::b_dirty : kernel::io_list::b_attached);
        inodes_.push_back(i);
    }
    int cpu = 0;
    tasks_left_ = spec_.tasks.size();
    for (const auto& t : spec_.tasks) sched_.spawn(name_of(t), body_of(t), sched::fiber_kind::thread, ++cpu);
    for (std::size_t n = 0; n < memcgs_.size(); ++n)
        if (spec_.memcgs[n].offline) kernel::memcg_css_offline(memcgs_[n]);
}

std::string world_run::name_of(const task_spec& t) const {
    switch (t.does) {
        case action::umount: return "umount " + spec_.superblocks[t.superblock].name;
        case action::memcg_offline: return "exit of " + spec_.memcgs[t.memcg].name;
        case action::blkcg_offline: return "io controller of " + spec_.memcgs[t.memcg].name;
        case action::fsync: return "fsync";
        case action::flush: return "flush";
    }
    return "?";
}

void world_run::listen(run_listener& listener) {
    listener_ = &listener;
    sched_.observe(&listener);
    host_.on_violation = [&listener](const kernel::violation& v) { listener.violated(v); };
}

// ---- the tasks -----------------------------------------------------------------------------------------------------

task<> world_run::body_of(const task_spec& t) {
    switch (t.does) {
        case action::umount: co_await umount(t.superblock); break;
        case action::memcg_offline: kernel::memcg_css_offline(memcgs_[t.memcg]); break;
        case action::blkcg_offline: kernel::wb_blkcg_offline(memcgs_[t.memcg]); break;
        case action::fsync: co_await fsync(t); break;
        case action::flush: co_await flush(t.superblock); break;
    }
    task_ended();
}

task<> world_run::umount(std::size_t superblock) {
    if (spec_.honours(shield::open_file))
        while (open_files_[superblock] > 0) co_await sched_.wait_on(&open_files_[superblock], "a busy mount (EBUSY)");
    const auto sb = supers_[superblock];
    co_await kernel::deactivate_super(*sb);
}

task<> world_run::fsync(const task_spec& t) {
    const auto keep = inodes_[t.inode];
    const auto sb = keep->i_sb;
    if (!sb->active() || sb->state != kernel::sb_state::live) co_return;  // unmounted: open() fails
    ++open_files_[t.superblock];
    co_await kernel::filemap_fdatawrite_range(*keep, 0, 1, memcgs_[t.memcg]);
    --open_files_[t.superblock];
    sched_.wake_all(&open_files_[t.superblock]);
}

task<> world_run::flush(std::size_t superblock) {
    std::list<kernel::wb_writeback_work> works;
    for (kernel::bdi_writeback* wb : bdis_[superblock]->wb_list) {
        if (!wb->has_dirty_io()) continue;
        auto& work = works.emplace_back();
        wb->work_list.push_back(&work);
        kernel::wb_wakeup(*wb);
    }
    for (auto& work : works)
        while (!work.done) co_await sched_.wait_on(&work, "writeback of a wb");
}

// ---- watching ------------------------------------------------------------------------------------------------------

/// Once all tasks of the world are over and no switch is under way, what is left is housekeeping in any order.
void world_run::task_ended() {
    if (--tasks_left_ > 0) return;
    for (const kernel::workqueue* wq : {&host_.isw_wq, &host_.system_wq})
        if (wq->pending() > 0 || wq->running() > 0) return;
    if (host_.isw_nr_in_flight.peek() == 0 && rcu_.callbacks_pending() == 0) sched_.calm();
}

void world_run::on_trace(const kernel::trace_event& e) {
    if (listener_) listener_->traced(e);
    if (e.sb.empty()) return;
    std::size_t n = 0;
    while (supers_[n]->s_id != e.sb) ++n;
    side& s = sides_[n];
    if (e.name == "isw_prepared")
        ++s.prepared;
    else if (e.name == "inode_switch_wbs_queue")
        s.prepared = 0;
    else if (e.name == "sb_inactive")
        s.inactive = true;
    else if (e.name == "dead")
        s.inactive = false;
    else if (e.name == "isw_backs_out")
        reached_[static_cast<std::size_t>(window::backs_out)] = true;
    if (s.prepared > 0 && s.inactive) reached_[static_cast<std::size_t>(window::prepared_unqueued)] = true;
}

run_result world_run::run() {
    run_result r;
    r.outcome = sched_.run();
    check_end(r);
    r.reached = reached_;
    r.steps = sched_.steps();
    r.trace_hash = sched_.trace_hash();
    r.tasks = sched_.spawned();
    return r;
}

void world_run::check_end(run_result& r) {
    for (const auto& v : host_.violations) r.findings.push_back({v.invariant, v.message, v.producer});
    if (r.outcome == sched::exhaustive_outcome::livelock)
        r.findings.push_back({"livelock", "no end after " + std::to_string(sched_.steps()) + " steps", ""});
    if (r.outcome == sched::exhaustive_outcome::deadlock) {
        std::string who;
        for (const auto& w : sched_.waiting())
            if (w.kind == sched::fiber_kind::thread)
                who += (who.empty() ? "" : "; ") + w.task + " waits for " + w.waits_for;
        r.findings.push_back({"lost_wakeup", "nothing can run any more: " + who, ""});
    }
    if (!r.findings.empty() || r.outcome != sched::exhaustive_outcome::finished) return;
    if (host_.isw_nr_in_flight.peek() != 0)
        r.findings.push_back({"counter_not_zero",
                              "isw_nr_in_flight is " + std::to_string(host_.isw_nr_in_flight.peek()) + " at the end",
                              ""});
    for (const auto& sb : supers_)
        if (sb->s_isw_nr_in_flight.peek() != 0)
            r.findings.push_back({"counter_not_zero",
                                  "s_isw_nr_in_flight of " + sb->s_id + " is " +
                                      std::to_string(sb->s_isw_nr_in_flight.peek()) + " at the end",
                                  ""});
    for (const auto& t : spec_.tasks)
        if (t.does == action::umount && supers_[t.superblock]->state != kernel::sb_state::dead)
            r.findings.push_back({"end_not_reached", supers_[t.superblock]->s_id + " is not dead at the end", ""});
}

}  // namespace drainlab::race
