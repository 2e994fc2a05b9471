#include "fusefs/sched/simulated.hpp"

namespace drainlab::sched {

std::size_t simulated_scheduler::choose(const std::deque<fiber*>& ready) {
    const std::size_t i = options_.shuffle && ready.size() > 1 ? random_.below(ready.size()) : 0;
    hash_ = (hash_ ^ static_cast<std::uint64_t>(now_.time_since_epoch().count())) * 0x100000001b3u;
    hash_ = (hash_ ^ ready[i]->id) * 0x100000001b3u;
    ++steps_;
    return i;
}

bool simulated_scheduler::preempt_here(point at, nanoseconds& width) {
    width = width_of(at);
    if (width.count() > 0) return true;
    return options_.preempt_one_in > 0 && random_.below(options_.preempt_one_in) == 0;
}

run_outcome simulated_scheduler::run(instant limit) {
    return run_until([this] { return live_threads() == 0; }, limit);
}

run_outcome simulated_scheduler::run_for(nanoseconds d) {
    return run_until([] { return false; }, now_ + d);
}

run_outcome simulated_scheduler::run_until(const std::function<bool()>& done, instant limit) {
    for (;;) {
        if (done()) return run_outcome::finished;
        if (run_one()) continue;
        const instant next = next_deadline();
        if (next == instant::max() && limit == instant::max()) return run_outcome::deadlock;
        if (next > limit || next == instant::max()) {
            now_ = limit;
            return run_outcome::until;
        }
        now_ = std::max(now_, next);
        fire_timers(now_);
    }
}

}  // namespace drainlab::sched
