// RCU with the timing of Linux's tree RCU: what takes time is what takes time there (kernel/rcu/tree.c).
#pragma once
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/profile.hpp"
#include "fusefs/kernel/rcu.hpp"
#include "fusefs/kernel/rcu_cblist.hpp"
#include "fusefs/sched/lock.hpp"
#include "fusefs/sched/random.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace drainlab::kernel {

/// The RCU implementation for `p`: rcu_untimed for the profile `zero`, else rcu_engine. All three must
/// outlive it, and the scheduler must drop its fibers, or have none waiting in it, before it goes.
std::unique_ptr<rcu> make_rcu(sched::scheduler& sched, machine& cpus, const profile& p, std::uint64_t seed = 1);

/// What the end of a task and the removal of its cgroup send through call_rcu(): `n` callbacks that only
/// free memory, on the running fiber's CPU (task, pid, files, VMAs, dentries, page cache nodes, the css).
void cgroup_exit_callbacks(rcu& r, int n);

/// Grace periods run one at a time, by a service fiber that sleeps while none is requested. A busy
/// CPU notes a grace period at its next tick and reports a quiescent state at the tick after; idle
/// CPUs are found by the grace-period thread's scans, whose sleeps end on tick boundaries; a read
/// section holds the grace period until it ends. Callbacks live in per-CPU lists, get their grace
/// period at a tick of their CPU, and run at one. Ticks are computed from the machine when they
/// can matter: at rest there is no timer at all. Left out: rcu_node's tree, nocb, boosting, stall
/// warnings, CPU hotplug, the 100 ms push of holdout CPUs. Thread: the model's.
class rcu_engine final : public rcu {
  public:
    /// Precondition: !p.zero (see make_rcu()).
    rcu_engine(sched::scheduler& sched, machine& cpus, const profile& p, std::uint64_t seed = 1);
    rcu_engine(const rcu_engine&) = delete;
    rcu_engine& operator=(const rcu_engine&) = delete;
    ~rcu_engine() override;

    read_section read_lock() override;
    sched::task<> synchronize() override;
    sched::task<> synchronize_expedited() override;
    void call(std::function<void()> callback) override;
    sched::task<> barrier() override;

    std::uint64_t grace_periods() const override { return completed_; }
    std::size_t callbacks_pending() const override { return pending_callbacks_; }
    rcu_samples take_samples() override { return std::exchange(samples_, {}); }

    /// Told of every grace period by its number, when it begins and when it has ended.
    std::function<void(bool begins, std::uint64_t number)> on_grace_period;

    /// Jiffies between scans: 1 + (HZ > 250) + (HZ > 500) + cpus / 256 (RCU_JIFFIES_TILL_FORCE_QS, kernel/rcu/tree.h).
    static int jiffies_till_fqs(int hz, int cpus) noexcept { return 1 + (hz > 250) + (hz > 500) + cpus / 256; }

    static constexpr int qhimark = 10'000, qlowmark = 100;        // kernel/rcu/tree.c
    static constexpr int divisor = 7;                             // rcu_divisor: at least ready >> 7 callbacks a pass
    static constexpr int max_softirq_restart = 10;                // kernel/softirq.c: then ksoftirqd takes over
    static constexpr sched::nanoseconds softirq_time{3'000'000};  // rcu_resched_ns, heeded when a pass may exceed 100
    static constexpr int wake_from_gp_users = 5;  // SR_MAX_USERS_WAKE_FROM_GP: the rest through a worker

  protected:
    void read_unlock(std::uint64_t id) override;

  private:
    struct cpu_data {  // struct rcu_data
        rcu_cblist list;
        std::uint64_t noted_end{};                           // the last grace period whose end it has noticed
        bool owes_qs{};                                      // the running grace period waits for this CPU
        bool noted{};                                        // it knows that a grace period runs
        sched::instant qs_tick{sched::instant::max()};       // its next tick that has not been looked at
        sched::instant due{sched::instant::max()};           // when its softirq has something to do
        std::size_t batch{};                                 // callbacks that are being run until `due`
        int restarts{};                                      // passes since the softirq began
        sched::instant ksoftirqd_from{}, ksoftirqd_until{};  // the turn of the thread that has taken over
        bool unlimited{};                                    // above qhimark, until below qlowmark
    };
    struct direct_waiter {  // struct rcu_synchronize on rcu_state.srs_next
        std::uint64_t gp;
        int hops;  // 0: still waiting
    };
    struct barrier_state {
        int left;
    };

    // The grace-period thread: rcu_engine.cpp
    sched::task<> gp_thread();
    sched::task<> fqs_loop();
    void begin_gp();
    void end_gp();
    void request(std::uint64_t gp);
    bool in_progress() const noexcept { return started_ != completed_; }
    bool held_by_reader() const noexcept;
    sched::task<> wake_delay(int hops = 1);
    int unbound_cpu(int previous) const;
    void record(std::vector<std::int64_t>& where, sched::instant since);

    // Quiescent states: rcu_qs.cpp
    bool ticks(int cpu, sched::instant t) const;
    void look_at_ticks(int cpu, sched::instant now);
    void report_qs(int cpu);
    void scan(bool first, sched::instant snapshot);
    sched::instant earliest_end() const;

    // Callback lists: rcu_callbacks.cpp
    sched::task<> softirq_thread();
    void softirq(int cpu, sched::instant now);
    void accelerate(int cpu);
    void do_batch(int cpu, sched::instant now);
    void run_batch(int cpu);
    void arm(int cpu, sched::instant now);
    void enqueue(int cpu, std::function<void()> callback);
    int this_cpu() const;
    sched::task<> background_thread();
    void add_background(sched::instant now);
    void start_background();

    sched::task<> normal_gp();
    sched::task<> expedited_gp();

    sched::scheduler& sched_;
    machine& machine_;
    profile profile_;
    sched::random random_;
    std::vector<cpu_data> cpus_;
    std::vector<direct_waiter*> waiters_;
    std::map<std::uint64_t, sched::fiber*> readers_;  // by id: older ones have smaller ids

    std::uint64_t started_{}, completed_{}, requested_{};
    std::uint64_t last_reader_{}, gp_readers_{};  // the grace period waits for readers up to gp_readers_
    int holdouts_{};
    int gp_cpu_{};
    std::size_t pending_callbacks_{};
    sched::instant softirq_at_{sched::instant::max()};

    sched::mutex barrier_mutex_, exp_mutex_;
    std::uint64_t barriers_begun_{}, barriers_done_{};
    std::uint64_t exp_begun_{}, exp_done_{};

    bool background_on_{};
    double background_owed_{};
    sched::instant background_until_{};

    rcu_samples samples_;
    char gp_key_{}, softirq_key_{}, reader_key_{}, background_key_{};
};

}  // namespace drainlab::kernel
