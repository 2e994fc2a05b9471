// Random programs that use RCU in every way, in simulated time, recorded.
#pragma once
#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/random.hpp"
#include "fusefs/sched/simulated.hpp"
#include "tests/unit/kernel/rcu_trace.hpp"

#include <memory>

namespace drainlab::kernel::test {

/// A few tasks, each a random sequence of read sections (nested, sleeping, sending callbacks), call_rcu(),
/// synchronize_rcu(), its expedited sister, rcu_barrier(), sleeping, and using its CPU; then one last rcu_barrier().
class rcu_program {
  public:
    static constexpr int tasks = 6, steps = 12;

    rcu_program(const profile& p, std::uint64_t seed)
        : sched_{{seed}}, cpus_{sched_, p, seed}, random_{seed}, rcu_{make_rcu(sched_, cpus_, p, seed)} {}
    ~rcu_program() { sched_.drop_all(); }
    rcu_program(const rcu_program&) = delete;
    rcu_program& operator=(const rcu_program&) = delete;

    /// Puts another RCU, made by `make(scheduler, machine, the one in use)`, before the one in use.
    template <class Make>
    void put_before(Make make) {
        front_ = make(sched_, *rcu_);
    }
    /// Runs it to its end. The trace is what its tasks saw, in order.
    rcu_trace run() {
        for (int n = 0; n < tasks; ++n)
            sched_.spawn("user of RCU", user(), sched::fiber_kind::thread,
                         static_cast<int>(random_.below(64)) % cpus_.cpus());
        ended_ = sched_.run(sched::instant{std::chrono::minutes{10}});
        return std::move(trace_);
    }
    sched::run_outcome ended() const noexcept { return ended_; }

  private:
    rcu& used() noexcept { return front_ ? *front_ : *rcu_; }
    int cpu() const { return sched_.current()->cpu % cpus_.cpus(); }
    void note(seen what, int id, int cpu = 0) { trace_.push_back({what, id, cpu, rcu_->grace_periods()}); }
    /// From 1 us to 20 ms, each order of magnitude as likely as the other.
    nanoseconds some_time() {
        const std::uint64_t scale[] = {1, 10, 100, 1000, 4000};
        return nanoseconds{static_cast<std::int64_t>(1000 * scale[random_.below(5)] * (1 + random_.below(5)))};
    }

    sched::task<> user() {
        for (int n = 0; n < steps; ++n) {
            switch (random_.below(8)) {
                case 0:
                case 1: co_await reader(0); break;
                case 2: send(1 + static_cast<int>(random_.below(40))); break;
                case 3: co_await wait(false); break;
                case 4: co_await wait(true); break;
                case 5: co_await barrier(); break;
                case 6: co_await sched_.sleep_for(some_time()); break;
                default: co_await cpus_.consume(some_time()); break;
            }
        }
        if (++users_over_ == tasks) co_await barrier();
    }
    sched::task<> reader(int depth) {
        const int id = ++last_id_;
        note(seen::reader_begins, id);
        auto section = used().read_lock();
        if (random_.below(2) == 0)
            co_await sched_.sleep_for(some_time());
        else
            co_await cpus_.consume(some_time());
        if (random_.below(4) == 0) send(1);
        if (depth < 2 && random_.below(4) == 0) co_await reader(depth + 1);
        section.unlock();
        note(seen::reader_ends, id);
    }
    sched::task<> wait(bool expedited) {
        const int id = ++last_id_;
        note(seen::wait_begins, id);
        auto waits = expedited ? used().synchronize_expedited() : used().synchronize();
        co_await waits;
        note(seen::wait_ends, id);
    }
    void send(int callbacks) {
        for (; callbacks > 0; --callbacks) {
            const int id = ++last_id_;
            note(seen::queued, id, cpu());
            used().call([this, id] { note(seen::invoked, id); });
        }
    }
    sched::task<> barrier() {
        const int id = ++last_id_;
        note(seen::barrier_begins, id);
        co_await used().barrier();
        note(seen::barrier_ends, id);
    }

    sched::simulated_scheduler sched_;
    machine_sim cpus_;
    sched::random random_;
    std::unique_ptr<rcu> rcu_, front_;
    rcu_trace trace_;
    int last_id_{}, users_over_{};
    sched::run_outcome ended_{};
};

}  // namespace drainlab::kernel::test
