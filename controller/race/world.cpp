#include "controller/race/world.hpp"

#include "fusefs/kernel/inode_past.hpp"
#include "fusefs/kernel/isw.hpp"
#include "fusefs/kernel/writeback.hpp"

#include <algorithm>

namespace drainlab::race {

using kernel::task;

namespace {

const kernel::profile no_profile{};

}  // namespace

sched::exhaustive_options options_of(const world_spec& world, int preemptions) noexcept {
    return {.preemptions = preemptions, .delays = world.delays, .timers = world.timers};
}

world_run::world_run(const world_spec& spec, const subject& under, sched::decider& choices,
                     sched::exhaustive_options options)
    : spec_{spec},
      sched_{choices, options},
      machine_{static_cast<int>(spec.tasks.size()) + 1},
      rcu_{sched_},
      host_{sched_, machine_, rcu_, no_profile} {
    build(under);
}

world_run::~world_run() { sched_.drop_all(); }

void world_run::build(const subject& under) {
    // Without switches every drain is the same: none has anything to wait for.
    const kernel::drain_policy& policy = under.drain ? *under.drain : *kernel::find_drain_policy("persb");
    if (spec_.spinlock_is_reader) rcu_.count_spinlocks();
    host_.flusher_enabled = spec_.periodic_flusher;
    host_.keep_freed = true;
    host_.honour_s_umount = spec_.honours(shield::s_umount);
    host_.sync_at_umount = spec_.honours(shield::sync);
    host_.on_trace = [this](const kernel::trace_event& e) { on_trace(e); };
    for (const auto& m : spec_.memcgs)
        memcgs_.push_back(kernel::memcg_create(host_, m.name, m.parent ? memcgs_[*m.parent] : kernel::memcg_ptr{}));
    for (std::size_t n = 0; n < spec_.superblocks.size(); ++n) {
        const auto& s = spec_.superblocks[n];
        kernel::backing_dev_info* bdi = nullptr;
        for (std::size_t other = 0; other < n; ++other)
            if (spec_.superblocks[other].bdi == s.bdi) bdi = bdis_[other];
        if (!bdi) {
            bdi = &kernel::bdi_register(host_, s.bdi);
            kernel::bdi_get(*bdi);  // the device stays: its end is another story
        }
        bdis_.push_back(bdi);
        supers_.push_back(kernel::sget(host_, s.name, store_, policy, bdi));
    }
    sides_.resize(supers_.size());
    open_files_.resize(supers_.size());
    for (std::size_t n = 0; n < spec_.inodes.size(); ++n) {
        const auto& s = spec_.inodes[n];
        const auto i = kernel::iget_locked(*supers_[s.superblock], n + 1);
        kernel::inode_past past{memcgs_[s.owner], {}, spec_.periodic_flusher, s.votes_pending};
        if (s.dirty) past.writer = memcgs_[s.writer];
        kernel::inode_live_through(*i, past);
        if (!spec_.release_wbs) kernel::wb_get(*i->i_wb);  // somebody else's inode: the wb outlives the run
        inodes_.push_back(i);
    }
    tasks_left_ = spec_.tasks.size();
    if (spec_.has_mounts()) {
        DRAINLAB_CHECK(under.names);
        const auto root = kernel::sget(host_, "rootfs", store_, policy);
        stage_ = std::make_unique<stage>(spec_, host_, *under.names, supers_, root);
        sched_.spawn("scene", scene(), sched::fiber_kind::thread, 0);
        return;
    }
    spawn_tasks();
}

void world_run::spawn_tasks() {
    int cpu = 0;
    for (const auto& t : spec_.tasks) sched_.spawn(name_of(t), body_of(t), sched::fiber_kind::thread, ++cpu);
    for (std::size_t n = 0; n < memcgs_.size(); ++n)
        if (spec_.memcgs[n].offline) kernel::memcg_css_offline(memcgs_[n]);
}

/// Sets the stage alone, without a choice, and sees that deferred ends come.
task<> world_run::scene() {
    co_await stage_->set();
    spawn_tasks();
    while (tasks_left_ > 0) co_await sched_.wait_on(&tasks_left_, "the tasks of the world");
    co_await stage_->settle();
}

std::string world_run::name_of(const task_spec& t) const {
    switch (t.does) {
        case action::umount: return "umount " + spec_.superblocks[t.superblock].name;
        case action::memcg_offline: return "exit of " + spec_.memcgs[t.memcg].name;
        case action::blkcg_offline: return "io controller of " + spec_.memcgs[t.memcg].name;
        case action::fsync: return "fsync";
        case action::write: return "write";
        case action::flush: return "flush";
        default: return stage_->name_of(t);
    }
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
        case action::write: co_await write(t); break;
        case action::flush: co_await flush(t.superblock); break;
        default: co_await stage_->act(t);
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

task<> world_run::write(const task_spec& t) {
    const auto keep = inodes_[t.inode];
    const auto sb = keep->i_sb;
    if (!sb->active() || sb->state != kernel::sb_state::live) co_return;  // unmounted: open() fails
    ++open_files_[t.superblock];
    kernel::iget(*keep);
    co_await sched_.preempt(kernel::point::file_in_use);
    if (keep->i_mapping.i_pages.empty()) kernel::folio_add(*keep, 0, memcgs_[t.memcg]);
    for (const auto& other : supers_)
        if (&other->s_bdi == &sb->s_bdi && other->state == kernel::sb_state::dying && other->s_active_flag.peek())
            reach(window::dirtied_in_sync);
    co_await kernel::folio_mark_dirty(*keep, 0, memcgs_[t.memcg]);
    if (spec_.periodic_flusher) kernel::inode_expire(*keep);
    co_await kernel::iput(*keep);
    --open_files_[t.superblock];
    sched_.wake_all(&open_files_[t.superblock]);
}

task<> world_run::flush(std::size_t superblock) { return kernel::wakeup_flusher_threads_bdi(*bdis_[superblock]); }

// ---- watching ------------------------------------------------------------------------------------------------------

/// Once all tasks of the world are over and nothing is under way, what is left is housekeeping in any order.
void world_run::task_ended() {
    if (--tasks_left_ > 0) return;
    if (quiet()) sched_.calm();
    if (stage_) sched_.wake_all(&tasks_left_);
}

bool world_run::quiet() const {
    if (stage_ && !stage_->quiet()) return false;
    if (!spec_.has_switches()) return true;
    for (const kernel::workqueue* wq : {&host_.isw_wq, &host_.system_wq, &host_.cgwb_release_wq})
        if (wq->pending() > 0 || wq->running() > 0) return false;
    if (spec_.periodic_flusher && (host_.bdi_wq.pending() > 0 || host_.bdi_wq.running() > 0)) return false;
    return host_.isw_nr_in_flight.peek() == 0 && rcu_.callbacks_pending() == 0;
}

void world_run::on_trace(const kernel::trace_event& e) {
    if (listener_) listener_->traced(e);
    if (stage_) stage_->watch(e, reached_);
    if (e.sb.empty())
        on_wb_trace(e);
    else
        on_drain_trace(e);
}

void world_run::on_wb_trace(const kernel::trace_event& e) {
    const auto in_umount = std::any_of(sides_.begin(), sides_.end(), [](const side& s) { return s.inactive; });
    if (e.name == "wb_memcg_offline") {
        for (const kernel::isw& s : host_.isws)
            if (s.new_wb && s.new_wb->id() == static_cast<kernel::memcg_id>(e.value1)) reach(window::wb_dies_targeted);
    } else if (e.name == "wb_released" && in_umount) {
        reach(window::wb_released_in_umount);
    } else if (e.name == "flusher_turn") {
        for (const auto& sb : supers_)
            if (sb->state == kernel::sb_state::dying) reach(window::flusher_in_umount);
    }
}

void world_run::on_drain_trace(const kernel::trace_event& e) {
    std::size_t n = 0;
    while (n < supers_.size() && supers_[n]->s_id != e.sb) ++n;
    if (n == supers_.size()) return;  // rootfs
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
        reach(window::backs_out);
    else if (e.name == "drain_begins" && supers_[n]->own_in_flight > s.prepared)
        reach(window::queued_at_drain);
    if (s.prepared > 0 && s.inactive) reach(window::prepared_unqueued);
    if (e.name == "sb_inactive" && supers_[n]->own_in_flight > 0 && sched_.current()->name == "delayed_mntput")
        reach(window::dies_in_delayed_put);
}

run_result world_run::run() {
    run_result r;
    r.outcome = sched_.run();
    if (stage_ && r.outcome == sched::exhaustive_outcome::finished) kernel::check_leaked_mounts(stage_->table());
    check_end(r);
    r.reached = reached_;
    r.steps = sched_.steps();
    r.trace_hash = sched_.trace_hash();
    r.tasks = static_cast<std::uint32_t>(sched_.spawned());
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
    for (const auto& [wb, owner] : host_.cgwbs)
        if (spec_.release_wbs && wb->dying)
            r.findings.push_back({"wb_leaked",
                                  "the bdi_writeback of " + wb->cg->name + " is dying and has " +
                                      std::to_string(wb->refcnt) + " references at the end",
                                  ""});
    for (const auto& t : spec_.tasks)
        if (t.does == action::umount && supers_[t.superblock]->state != kernel::sb_state::dead)
            r.findings.push_back({"end_not_reached", supers_[t.superblock]->s_id + " is not dead at the end", ""});
}

}  // namespace drainlab::race
