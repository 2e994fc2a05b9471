#include "fusefs/kernel/rcu_engine.hpp"

#include "fusefs/kernel/rcu_untimed.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;
using sched::task;

std::unique_ptr<rcu> make_rcu(sched::scheduler& sched, machine& cpus, const profile& p, std::uint64_t seed) {
    if (p.zero) return std::make_unique<rcu_untimed>(sched);
    return std::make_unique<rcu_engine>(sched, cpus, p, seed);
}

rcu_engine::rcu_engine(sched::scheduler& sched, machine& cpus, const profile& p, std::uint64_t seed)
    : sched_{sched},
      machine_{cpus},
      profile_{p},
      random_{seed ^ 0x7263755f67705full},
      cpus_(static_cast<std::size_t>(cpus.cpus())),
      barrier_mutex_{sched, "rcu_state.barrier_mutex"},
      exp_mutex_{sched, "rcu_state.exp_mutex"} {
    DRAINLAB_CHECK(!p.zero && !cpus_.empty());
    sched_.spawn("rcu_preempt", gp_thread(), sched::fiber_kind::service);
    sched_.spawn("rcu softirq", softirq_thread(), sched::fiber_kind::service);
    if (p.background_callbacks_per_s > 0)
        sched_.spawn("rcu background callers", background_thread(), sched::fiber_kind::service);
}

rcu_engine::~rcu_engine() = default;

// ---- readers -------------------------------------------------------------------------------------------------------

rcu::read_section rcu_engine::read_lock() {
    sched::fiber* const f = sched_.current();
    if (f) ++f->rcu_nesting;
    readers_.emplace(++last_reader_, f);
    return read_section{*this, last_reader_};
}

void rcu_engine::read_unlock(std::uint64_t id) {
    const auto r = readers_.find(id);
    DRAINLAB_CHECK(r != readers_.end());
    if (r->second) --r->second->rcu_nesting;
    readers_.erase(r);
    sched_.wake_all(&reader_key_);
    // rcu_read_unlock_special(): the last blocked reader of a grace period reports for it.
    if (in_progress() && holdouts_ == 0 && !held_by_reader()) sched_.wake_all(&gp_key_);
}

bool rcu_engine::held_by_reader() const noexcept { return !readers_.empty() && readers_.begin()->first <= gp_readers_; }

// ---- the grace-period thread ---------------------------------------------------------------------------------------

void rcu_engine::request(std::uint64_t gp) {
    if (gp <= requested_) return;
    requested_ = gp;
    if (!in_progress()) sched_.wake_all(&gp_key_);
}

/// Where a thread that is not bound runs when woken: on an idle CPU if there is one, else where it was
/// (select_task_rq_fair()).
int rcu_engine::unbound_cpu(int previous) const {
    const instant now = sched_.now();
    for (int i = 0; i < machine_.cpus(); ++i)
        if (const int c = (previous + i) % machine_.cpus(); !machine_.busy(c, now, now)) return c;
    return previous;
}

task<> rcu_engine::wake_delay(int hops) {
    for (; hops > 0; --hops) {
        const nanoseconds latency = machine_.wake_latency(unbound_cpu(this_cpu()));
        if (latency > nanoseconds{0}) co_await sched_.sleep_for(latency, "to be scheduled");
    }
}

/// rcu_gp_kthread()
task<> rcu_engine::gp_thread() {
    for (;;) {
        if (requested_ <= completed_) {
            while (requested_ <= completed_) co_await sched_.wait_on(&gp_key_, "rcu: a grace period to be requested");
            sched_.current()->cpu = gp_cpu_ = unbound_cpu(gp_cpu_);
            const nanoseconds latency = machine_.wake_latency(gp_cpu_);
            if (latency > nanoseconds{0})
                co_await sched_.sleep_for(latency, "rcu: the grace-period thread to be scheduled");
        }
        ++started_;
        gp_readers_ = last_reader_;
        if (on_grace_period) on_grace_period(true, started_);
        if (profile_.gp_init > nanoseconds{0}) co_await sched_.sleep_for(profile_.gp_init, "rcu_gp_init()");
        begin_gp();
        co_await fqs_loop();
        co_await wake_delay();
        if (profile_.gp_cleanup > nanoseconds{0}) co_await sched_.sleep_for(profile_.gp_cleanup, "rcu_gp_cleanup()");
        end_gp();
    }
}

/// rcu_gp_fqs_loop(): sleeps until the last quiescent state is reported, scanning for idle CPUs now and then. A timer
/// of n jiffies ends on the tick boundary after n whole ticks (kernel/time/timer.c: calc_index() rounds up).
task<> rcu_engine::fqs_loop() {
    const std::int64_t wait = jiffies_till_fqs(profile_.hz, machine_.cpus());
    const nanoseconds tick = profile_.tick();
    const auto timer = [&](instant now) { return instant{(now.time_since_epoch() / tick + wait + 1) * tick}; };
    instant deadline = timer(sched_.now());
    instant snapshot{};
    bool first = true;
    for (;;) {
        const bool readers_only = holdouts_ == 0;
        if (readers_only && !held_by_reader()) co_return;
        const instant until = readers_only ? instant::max() : std::min(deadline, earliest_end());
        const std::string_view what = readers_only ? "rcu: a read section to end" : "rcu: quiescent states";
        co_await sched_.wait_on(&gp_key_, what, until);
        const instant now = sched_.now();
        for (int c = 0; c < machine_.cpus(); ++c) look_at_ticks(c, now);
        if (now < deadline || readers_only) continue;
        co_await wake_delay();
        scan(first, snapshot);
        snapshot = first ? sched_.now() : snapshot;
        first = false;
        deadline = timer(sched_.now());
    }
}

void rcu_engine::begin_gp() {
    const instant now = sched_.now();
    holdouts_ = static_cast<int>(cpus_.size());
    for (int c = 0; c < machine_.cpus(); ++c) {
        cpu_data& d = cpus_[static_cast<std::size_t>(c)];
        d.owes_qs = true;
        d.noted = false;
        d.qs_tick = machine_.next_tick(c, now);
        arm(c, now);
    }
    report_qs(gp_cpu_);  // rcu_gp_init() reports for its own CPU
}

void rcu_engine::end_gp() {
    completed_ = started_;
    if (on_grace_period) on_grace_period(false, completed_);
    int users = 0;
    std::erase_if(waiters_, [&](direct_waiter* w) {
        if (w->gp > completed_) return false;
        w->hops = users++ < wake_from_gp_users ? 1 : 2;  // rcu_sr_normal_gp_cleanup(): the thread itself, or a worker
        sched_.wake_all(w);
        return true;
    });
    for (int c = 0; c < machine_.cpus(); ++c) arm(c, sched_.now());
}

// ---- synchronize_rcu() ---------------------------------------------------------------------------------------------

void rcu_engine::record(std::vector<std::int64_t>& where, instant since) {
    if (where.size() < rcu_samples::limit) where.push_back((sched_.now() - since).count());
}

task<> rcu_engine::synchronize() {
    DRAINLAB_CHECK(sched_.current() && sched_.current()->rcu_nesting == 0);  // would wait for itself
    const instant since = sched_.now();
    if (profile_.rcu_expedited && !profile_.rcu_normal)
        co_await expedited_gp();
    else
        co_await normal_gp();
    record(samples_.synchronize, since);
}

task<> rcu_engine::normal_gp() {
    start_background();
    if (profile_.wake_from_gp) {  // synchronize_rcu_normal(): the grace-period thread wakes the caller
        direct_waiter me{started_ + 1, 0};
        waiters_.push_back(&me);
        request(me.gp);
        while (me.hops == 0) co_await sched_.wait_on(&me, "synchronize_rcu()");
        co_await wake_delay(me.hops);
    } else {  // wait_rcu_gp(call_rcu_hurry): a callback does
        bool done = false;
        call([this, &done] {
            done = true;
            sched_.wake_all(&done);
        });
        while (!done) co_await sched_.wait_on(&done, "synchronize_rcu()");
        co_await wake_delay();
    }
}

/// synchronize_rcu_expedited(): a worker interrupts every CPU that is not idle; those in no read section answer at
/// once. Who finds that a whole one has begun and ended since it came, leaves.
task<> rcu_engine::synchronize_expedited() {
    DRAINLAB_CHECK(sched_.current() && sched_.current()->rcu_nesting == 0);
    const instant since = sched_.now();
    if (profile_.rcu_normal)
        co_await normal_gp();
    else
        co_await expedited_gp();
    record(samples_.expedited, since);
}

task<> rcu_engine::expedited_gp() {
    const std::uint64_t need = exp_begun_ + 1;
    auto guard = co_await exp_mutex_.lock();
    if (exp_done_ >= need) co_return;
    const std::uint64_t mine = ++exp_begun_;
    co_await wake_delay();  // the worker
    const std::uint64_t readers = last_reader_;
    nanoseconds slowest{0};
    for (int c = 0; c < machine_.cpus(); ++c) {
        const instant now = sched_.now();
        if (machine_.busy(c, now, now))
            slowest = std::max(slowest, profile_.expedited_ipi + machine_.run_delay(c, now));
    }
    if (slowest > nanoseconds{0}) {
        co_await sched_.sleep_for(slowest, "synchronize_rcu_expedited(): interrupts");
        co_await wake_delay();  // the worker again: the last interrupt wakes it
    }
    while (!readers_.empty() && readers_.begin()->first <= readers)
        co_await sched_.wait_on(&reader_key_, "synchronize_rcu_expedited(): a read section");
    exp_done_ = mine;
    guard.release();
    co_await wake_delay();  // the caller
}

// ---- rcu_barrier() -------------------------------------------------------------------------------------------------

task<> rcu_engine::barrier() {
    DRAINLAB_CHECK(sched_.current() && sched_.current()->rcu_nesting == 0);
    const instant since = sched_.now();
    const std::uint64_t need = barriers_begun_ + 1;
    auto guard = co_await barrier_mutex_.lock();
    if (barriers_done_ >= need) {  // a whole barrier has begun and ended since we came
        record(samples_.barrier, since);
        co_return;
    }
    const std::uint64_t mine = ++barriers_begun_;
    barrier_state state{1};
    for (int c = 0; c < machine_.cpus(); ++c) {
        add_background(sched_.now());
        cpu_data& d = cpus_[static_cast<std::size_t>(c)];
        if (d.list.empty()) continue;
        const instant now = sched_.now();  // smp_call_function_single(..., wait)
        const nanoseconds ipi = machine_.run_delay(c, now);
        if (ipi > nanoseconds{0}) co_await sched_.sleep_for(ipi, "rcu_barrier(): an interrupt");
        const bool entrained = d.list.entrain([this, &state] {
            if (--state.left == 0) sched_.wake_all(&state);
        });
        if (!entrained) continue;
        ++state.left;
        ++pending_callbacks_;
        arm(c, sched_.now());
    }
    if (--state.left > 0) {
        while (state.left > 0) co_await sched_.wait_on(&state, "rcu_barrier()");
        co_await wake_delay();
    }
    barriers_done_ = mine;
    guard.release();
    record(samples_.barrier, since);
}

}  // namespace drainlab::kernel
