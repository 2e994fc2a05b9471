// Small programs that use RCU, under any RCU and scheduler; what they show is the order of their events.
#pragma once
#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/random.hpp"
#include "fusefs/sched/simulated.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace drainlab::kernel::test {

/// One string per task, each letter a step of it: r a read section, k one that sends a callback, c call_rcu(), s
/// synchronize_rcu(), e its expedited sister, b rcu_barrier().
using small_program = std::vector<std::string>;
/// "0r( 1s( 0r) 1s)": task, step, begin or end; "0c+" a callback is queued, "0c!" it runs.
using outcomes = std::set<std::string>;

class small_run {
  public:
    /// `between`: what a task does between two events, where others may come.
    small_run(sched::scheduler& s, rcu& used, std::function<sched::task<>()> between)
        : sched_{s}, rcu_{used}, between_{std::move(between)} {}

    void spawn(const small_program& program) {
        for (std::size_t n = 0; n < program.size(); ++n)
            sched_.spawn("user of RCU", user(static_cast<int>(n), program[n]), sched::fiber_kind::thread,
                         static_cast<int>(n));
    }
    const std::string& shown() const noexcept { return shown_; }

  private:
    void note(const std::string& who, char what) { shown_ += (shown_.empty() ? "" : " ") + who + what; }

    sched::task<> user(int number, std::string steps) {
        for (std::size_t n = 0; n < steps.size(); ++n) {
            auto before = between_();
            co_await before;
            std::string who = std::to_string(number) + steps[n];
            if (n > 0) who += std::to_string(n);
            auto doing = step(steps[n], std::move(who));
            co_await doing;
        }
    }
    sched::task<> step(char what, std::string who) {
        if (what == 'c') {
            send(who);
            co_return;
        }
        note(who, '(');
        if (what == 'r' || what == 'k') {
            auto section = rcu_.read_lock();
            if (what == 'k') send(who);
            auto inside = between_();
            co_await inside;
            section.unlock();
            note(who, ')');
            co_return;
        }
        if (what == 's') {
            co_await rcu_.synchronize();
        } else if (what == 'e') {
            co_await rcu_.synchronize_expedited();
        } else {
            co_await rcu_.barrier();
        }
        auto behind = between_();  // the wait is over, and its caller is not yet on the CPU
        co_await behind;
        note(who, ')');
    }
    void send(const std::string& who) {
        note(who, '+');
        rcu_.call([this, who] { note(who, '!'); });
    }

    sched::scheduler& sched_;
    rcu& rcu_;
    std::function<sched::task<>()> between_;
    std::string shown_;
};

/// Nothing, or from 1 us to some 200 ms: asleep, or on the CPU.
inline sched::task<> some_pause(sched::scheduler& s, machine_sim& cpus, sched::random& random) {
    constexpr std::int64_t scale_us[] = {0, 1, 50, 1000, 4000, 10'000, 50'000};
    const nanoseconds d{scale_us[random.below(7)] * 1000 * static_cast<std::int64_t>(1 + random.below(4))};
    if (d == nanoseconds{0}) co_return;
    if (random.below(3) == 0)
        co_await cpus.consume(d);
    else
        co_await s.sleep_for(d);
}

}  // namespace drainlab::kernel::test
