#include "fusefs/kernel/machine_ticks.hpp"

#include "fusefs/sched/check.hpp"
#include "fusefs/sched/random.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;

tick_clock::tick_clock(const profile& p, std::uint64_t seed) : tick_{p.tick()}, jitter_{p.tick_jitter}, seed_{seed} {
    DRAINLAB_CHECK(p.hz > 0 && jitter_ >= nanoseconds{0} && jitter_ <= tick_ && p.overcommit >= 1.0);
    period_ = nanoseconds{static_cast<std::int64_t>(static_cast<double>(host_slice.count()) * p.overcommit)};
}

std::uint64_t tick_clock::draw(int cpu, std::int64_t number, std::uint64_t what) const {
    sched::random mix{seed_ * 0x9e3779b97f4a7c15u + what};
    sched::random per_cpu{mix.next() ^ (static_cast<std::uint64_t>(cpu) << 48)};
    return sched::random{per_cpu.next() ^ static_cast<std::uint64_t>(number)}.next();
}

instant tick_clock::runs_in_period(int cpu, std::int64_t period) const {
    const nanoseconds room = period_ - host_slice;
    return instant{period * period_} + nanoseconds{sched::random{draw(cpu, period, 2)}.below(room.count() + 1)};
}

nanoseconds tick_clock::run_delay(int cpu, instant t) const {
    if (period_ <= host_slice) return nanoseconds{0};
    const std::int64_t period = t.time_since_epoch() / period_;
    for (std::int64_t k = std::max<std::int64_t>(period - 1, 0);; ++k) {
        const instant start = runs_in_period(cpu, k);
        if (t < start + host_slice) return std::max(start - t, nanoseconds{0});
    }
}

instant tick_clock::at(int cpu, std::int64_t number) const {
    instant t{number * tick_};
    if (jitter_.count() > 0) t += nanoseconds{sched::random{draw(cpu, number, 1)}.below(jitter_.count())};
    return t + run_delay(cpu, t);
}

instant tick_clock::next_tick(int cpu, instant t) const {
    // The latest a tick can be is jitter plus two gaps, so the search starts that far back.
    const nanoseconds latest = jitter_ + 2 * (period_ - host_slice);
    for (std::int64_t n = std::max<std::int64_t>(jiffies(t - latest), 0);; ++n)
        if (const instant when = at(cpu, n); when > t) return when;
}

}  // namespace drainlab::kernel
