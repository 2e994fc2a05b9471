#include "fusefs/kernel/machine_real.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;

namespace {
constexpr std::uint64_t the_model = ~0ull;      // a holder that is no caller
constexpr nanoseconds shortest_timer{100'000};  // below this the machine's own timer slack is the larger part
}  // namespace

machine_real::machine_real(sched::scheduler& sched, const profile& p, std::uint64_t seed)
    : sched_{sched}, ticks_{p, seed}, zero_{p.zero}, cpus_{p.cpus}, worker_wake_{p.worker_wake}, periods_(history) {
    DRAINLAB_CHECK(cpus_ > 0);
}

machine_real::period& machine_real::at(std::int64_t number) {
    period& p = periods_[static_cast<std::size_t>(number % history)];
    if (p.number != number) {
        p.number = number;
        p.holder.assign(static_cast<std::size_t>(cpus_), 0);
    }
    return p;
}

bool machine_real::marked(int cpu, std::int64_t number) const {
    if (number < 0) return false;
    const period& p = periods_[static_cast<std::size_t>(number % history)];
    return p.number == number && p.holder[static_cast<std::size_t>(cpu)] != 0;
}

void machine_real::mark(int cpu) {
    auto& holder = at(ticks_.jiffies(sched_.now())).holder[static_cast<std::size_t>(cpu % cpus_)];
    if (holder == 0) holder = the_model;
}

int machine_real::cpu_of(std::uint64_t who) {
    auto& holder = at(ticks_.jiffies(sched_.now())).holder;
    const auto n = static_cast<std::size_t>(cpus_);
    const std::uint64_t id = who == 0 ? 1 : who;
    const std::size_t home = static_cast<std::size_t>(id % n);
    for (std::size_t i = 0; i < n; ++i) {
        auto& h = holder[(home + i) % n];
        if (h == id || h == 0) {
            h = id;
            return static_cast<int>((home + i) % n);
        }
    }
    return static_cast<int>(home);  // more callers than CPUs: it queues at home
}

// A mark made in one tick period keeps the CPU busy through the next one: "a tick later" in whole periods.
bool machine_real::busy(int cpu, instant from, instant to) const {
    const std::int64_t last = ticks_.jiffies(to);
    for (std::int64_t n = std::max(ticks_.jiffies(from) - 1, last - history); n <= last; ++n)
        if (marked(cpu, n)) return true;
    return false;
}

bool machine_real::ever_idle(int cpu, instant from, instant to) const {
    const std::int64_t last = ticks_.jiffies(to);
    for (std::int64_t n = std::max(ticks_.jiffies(from), last - history + 1); n <= last; ++n)
        if (!marked(cpu, n) && !marked(cpu, n - 1)) return true;
    return false;
}

sched::task<> machine_real::consume(nanoseconds cost) {
    if (zero_ || cost <= nanoseconds{0}) co_return;
    const int cpu = (sched_.current() ? sched_.current()->cpu : 0) % cpus_;
    mark(cpu);
    owed_ += cost;
    if (owed_ < shortest_timer) co_return;
    const nanoseconds spent = std::exchange(owed_, nanoseconds{0}) + run_delay(cpu, sched_.now());
    co_await sched_.sleep_for(spent, "CPU time");
    mark(cpu);
}

nanoseconds machine_real::wake_latency(int cpu) {
    if (zero_) return nanoseconds{0};
    return worker_wake_ + run_delay(cpu % cpus_, sched_.now());
}

nanoseconds machine_real::run_delay(int cpu, instant t) const {
    return busy(cpu, t, t) ? ticks_.run_delay(cpu, t) : nanoseconds{0};
}

}  // namespace drainlab::kernel
