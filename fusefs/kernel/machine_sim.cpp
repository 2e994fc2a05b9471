#include "fusefs/kernel/machine_sim.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace drainlab::kernel {

using sched::instant;
using sched::task;

machine_sim::machine_sim(sched::scheduler& sched, const profile& p, std::uint64_t seed)
    : sched_{sched},
      ticks_{p, seed},
      overcommit_{p.overcommit},
      context_switch_{p.context_switch},
      worker_wake_{p.worker_wake},
      shared_clock_{p.shared_clock},
      slice_{350'000 * std::bit_width(static_cast<unsigned>(std::clamp(p.cpus, 1, 8)))},
      cpus_(static_cast<std::size_t>(p.cpus)) {
    DRAINLAB_CHECK(p.cpus > 0);
}

// ---- running -------------------------------------------------------------------------------------------------------

/// Its own CPU if that is idle, else the next idle one, else its own.
int machine_sim::choose(const sched::fiber& f) const {
    const int n = cpus();
    const int home = f.cpu % n;
    if (taken_ == n) return home;
    for (int i = 0; i < n; ++i)
        if (const int c = (home + i) % n; !cpus_[static_cast<std::size_t>(c)].taken) return c;
    return home;
}

int machine_sim::fork_cpu(int number) const {
    instant latest = instant::min();
    int found = number;
    for (int c = 0; c < cpus(); ++c) {
        const cpu& other = cpus_[static_cast<std::size_t>(c)];
        if (c == number || other.taken || other.idle_since <= latest) continue;
        latest = other.idle_since;
        found = c;
    }
    return found;
}

task<> machine_sim::take(sched::fiber& me, nanoseconds cost) {
    if (cpu& mine = cpus_[static_cast<std::size_t>(me.cpu % cpus())]; mine.kept == me.id) {
        mine.kept = 0;
        co_return;
    }
    me.cpu = choose(me);
    cpu& c = cpus_[static_cast<std::size_t>(me.cpu)];
    if (!c.taken) {
        c.taken = true;
        runs(c, me);
        ++taken_;
        c.credit = std::min(c.credit + (sched_.now() - c.idle_since), tick_clock::host_slice);
        co_return;
    }
    c.queue.push_back({&me, std::min(cost, ticks_.tick())});
    c.queued += c.queue.back().turn;
    ++queued_;
    sched_.wake_all(&c);  // who runs sets itself an end
    co_await sched_.wait_on(&me, "a CPU");
}

void machine_sim::runs(cpu& c, const sched::fiber& who) {
    if (std::exchange(c.last, who.id) != who.id) c.picked = sched_.now();
}

/// `me` goes on at once, as it said: somebody who waits gets the CPU only if it does not.
void machine_sim::keep(int number, const sched::fiber& me) {
    cpu& c = cpus_[static_cast<std::size_t>(number)];
    c.kept = me.id;
    sched_.spawn("a CPU kept", release(number), sched::fiber_kind::service);
}
task<> machine_sim::release(int number) {
    cpu& c = cpus_[static_cast<std::size_t>(number)];
    if (!std::exchange(c.kept, 0)) co_return;
    give_up(number);
}

/// The first tick at which who runs on `number` has had its slice: until then a thread that is woken there waits
/// (RUN_TO_PARITY).
instant machine_sim::slice_end(int number, instant now) const {
    instant t = next_tick(number, now);
    while (t - cpus_[static_cast<std::size_t>(number)].picked < slice_) t = next_tick(number, t);
    return t;
}

/// The CPU goes to the next in its queue, else to somebody who waits elsewhere (load balancing by the newly idle).
void machine_sim::give_up(int number) {
    cpu* from = &cpus_[static_cast<std::size_t>(number)];
    if (from->queue.empty() && queued_ > 0)
        for (cpu& other : cpus_)
            if (other.queue.size() > from->queue.size()) from = &other;
    cpu& c = cpus_[static_cast<std::size_t>(number)];
    if (from->queue.empty()) {
        c.taken = false;
        --taken_;
        c.idle_since = sched_.now();
        return;
    }
    sched::fiber* const next = from->queue.front().who;
    from->queued -= from->queue.front().turn;
    from->queue.pop_front();
    --queued_;
    next->cpu = number;
    runs(c, *next);
    c.since = c.until = sched_.now();
    sched_.wake_all(next);
}

/// How long `cost` of CPU time takes on `c`, and the CPU time that `wall` was worth.
nanoseconds machine_sim::wall_time(const cpu& c, nanoseconds cost) const {
    const nanoseconds slow = std::max(cost - c.credit, nanoseconds{0});
    return cost - slow + nanoseconds{static_cast<std::int64_t>(static_cast<double>(slow.count()) * overcommit_)};
}
nanoseconds machine_sim::used(cpu& c, nanoseconds wall) const {
    const nanoseconds fast = std::min(wall, c.credit), slow = wall - fast;
    c.credit -= fast;
    return fast + nanoseconds{static_cast<std::int64_t>(static_cast<double>(slow.count()) / overcommit_)};
}

task<> machine_sim::consume(nanoseconds cost, nanoseconds then) {
    if (cost <= nanoseconds{0}) co_return;
    sched::fiber& me = *sched_.current();
    nanoseconds left = cost;
    while (left > nanoseconds{0}) {
        const bool goes_on = cpus_[static_cast<std::size_t>(me.cpu % cpus())].kept == me.id;
        co_await take(me, left + context_switch_);
        cpu& c = cpus_[static_cast<std::size_t>(me.cpu)];
        const int number = me.cpu;
        if (!goes_on) left += context_switch_;
        bool turn = true;
        while (turn && left > nanoseconds{0}) {
            const int sharers = shared_clock_ ? taken_ : 1;
            c.since = sched_.now();
            const instant done_at = c.since + wall_time(c, left) * sharers;
            c.until = c.since + wall_time(c, left + then) * sharers;
            const instant tick = c.queue.empty() ? instant::max() : slice_end(number, c.since);
            instant end = std::min(done_at, tick);
            if (shared_clock_) end = std::min(end, c.since + recount);
            co_await sched_.wait_on(&c, "CPU time", end);
            const instant now = sched_.now();
            note(c, c.since, now);
            if (on_turn) on_turn(number, me, c.since, now);
            const nanoseconds done = used(c, (now - c.since) / sharers);
            left = now >= done_at ? nanoseconds{0} : std::max(left - done, nanoseconds{1});
            turn = c.queue.empty() || now < tick;
        }
        if (turn && then > nanoseconds{0} && !c.queue.empty())
            keep(number, me);
        else
            give_up(number);
    }
}

task<> machine_sim::write(nanoseconds cost, nanoseconds then, std::int64_t& stamped) {
    const std::int64_t tick = ticks_.jiffies(sched_.now());
    const bool sleeps = std::exchange(stamped, tick) != tick;
    return consume(cost, sleeps ? nanoseconds{0} : then);
}

nanoseconds machine_sim::wake_latency(int number) {
    const cpu& c = cpus_[static_cast<std::size_t>(number % cpus())];
    if (!c.taken) return worker_wake_;
    const instant now = sched_.now();
    return worker_wake_ + (turn_after(number % cpus(), now) - now) +
           wall_time(c, c.queued) * (shared_clock_ ? taken_ : 1);
}

/// It has slept, so it goes before those that wait already.
instant machine_sim::turn_after(int number, instant t) const {
    const cpu& c = cpus_[static_cast<std::size_t>(number)];
    return c.taken ? std::clamp(c.until, t, slice_end(number, t)) : t + worker_wake_;
}

/// How long an emulator that runs its vCPUs in turn makes an interrupt wait that the running fiber's CPU sends to
/// `number`: the busy ones between the two go first. A turn is over when its thread has what it asked for and blocks,
/// at the latest with its share of the time to the next timer (QEMU: icount_percpu_budget()).
nanoseconds machine_sim::turns_before(int number) const {
    const sched::fiber* const me = sched_.current();
    nanoseconds before{0};
    if (!me || number == me->cpu % cpus()) return before;
    for (int n = (me->cpu + 1) % cpus(); n != number; n = (n + 1) % cpus())
        if (const cpu& c = cpus_[static_cast<std::size_t>(n)]; c.taken)
            before += std::clamp((c.until - sched_.now()) / taken_, nanoseconds{0}, ticks_.tick() / cpus());
    return before;
}

/// All timers of an emulator that runs its vCPUs in turn fall due together; each CPU hears of its own when its turn
/// comes, behind the busy ones before it (QEMU: rr_cpu_thread_fn(), icount_percpu_budget()).
instant machine_sim::next_tick(int number, instant t) const {
    if (!shared_clock_) return ticks_.next_tick(number, t);
    nanoseconds before{0};
    for (int n = 0; n < number; ++n)
        if (cpus_[static_cast<std::size_t>(n)].taken) before += ticks_.tick() / cpus();
    return ticks_.next_tick(number, t - before) + before;
}

nanoseconds machine_sim::run_delay(int number, instant t) const {
    if (shared_clock_) return turns_before(number);
    const cpu& c = cpus_[static_cast<std::size_t>(number)];
    const bool rested = c.taken && c.credit > sched_.now() - c.since;
    return !rested && busy(number, t, t) ? ticks_.run_delay(number, t) : nanoseconds{0};
}

}  // namespace drainlab::kernel
