// One run of a world: the mimicked kernel on the exhaustive scheduler, from a fresh start to the end of everything.
#pragma once
#include "controller/race/stage.hpp"
#include "controller/race/subject.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/modelled_fs.hpp"
#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/sched/exhaustive.hpp"

#include <array>
#include <memory>

namespace drainlab::race {

/// A machine that takes no time.
class still_machine final : public kernel::machine {
  public:
    explicit still_machine(int cpus) : cpus_{cpus} {}
    int cpus() const override { return cpus_; }
    bool busy(int, sched::instant, sched::instant) const override { return false; }
    sched::instant next_tick(int, sched::instant t) const override { return t + sched::nanoseconds{1}; }
    sched::task<> consume(sched::nanoseconds) override { co_return; }
    sched::nanoseconds wake_latency(int) override { return {}; }
    void note_caller(std::uint64_t) override {}

  private:
    int cpus_;
};

/// A violation: which invariant, the kernel's words for it, who asked for the switch (empty if nobody).
struct finding {
    std::string invariant, message, producer;
};

/// How one run went.
struct run_result {
    sched::exhaustive_outcome outcome{};
    std::vector<finding> findings;  ///< what was violated, in order; empty: nothing
    by_window<bool> reached{};
    std::uint64_t steps{}, trace_hash{};
    std::uint32_t tasks{};
};

/// Listens to a run, for the story.
class run_listener : public sched::step_observer {
  public:
    virtual void traced(const kernel::trace_event& e) = 0;
    virtual void violated(const kernel::violation& v) = 0;
};

/// What the world says about its search, with this bound.
sched::exhaustive_options options_of(const world_spec& world, int preemptions) noexcept;

/// One run. Made for each schedule anew, so that nothing of the last one is left. Thread: one.
class world_run {
  public:
    /// All arguments must outlive it.
    world_run(const world_spec& spec, const subject& under, sched::decider& choices, sched::exhaustive_options options);
    ~world_run();
    world_run(const world_run&) = delete;
    world_run& operator=(const world_run&) = delete;

    void listen(run_listener& listener);
    run_result run();

    kernel::host& host() noexcept { return host_; }
    sched::exhaustive_scheduler& scheduler() noexcept { return sched_; }
    const std::vector<std::shared_ptr<kernel::super_block>>& superblocks() const noexcept { return supers_; }

    const std::vector<std::shared_ptr<kernel::inode>>& inodes() const noexcept { return inodes_; }
    bool switches() const noexcept { return spec_.has_switches(); }
    /// Null if the world has no mounts.
    const stage* mounts() const noexcept { return stage_.get(); }

  private:
    std::string name_of(const task_spec& t) const;
    void build(const subject& under);
    void spawn_tasks();
    sched::task<> scene();
    sched::task<> body_of(const task_spec& t);
    sched::task<> umount(std::size_t superblock);
    sched::task<> fsync(const task_spec& t);
    sched::task<> write(const task_spec& t);
    bool shutting_down(const kernel::backing_dev_info& bdi) const;
    sched::task<> flush(std::size_t superblock);
    void task_ended();
    bool quiet() const;
    void on_trace(const kernel::trace_event& e);
    void on_drain_trace(const kernel::trace_event& e);
    void on_wb_trace(const kernel::trace_event& e);
    void reach(window w) { reached_[index_of(w)] = true; }
    void check_end(run_result& r);

    const world_spec& spec_;
    sched::exhaustive_scheduler sched_;
    still_machine machine_;
    kernel::rcu_untimed rcu_;
    kernel::host host_;
    kernel::modelled_fs store_;
    run_listener* listener_{};
    std::vector<kernel::memcg_ptr> memcgs_;
    std::vector<kernel::backing_dev_info*> bdis_;
    std::vector<std::shared_ptr<kernel::super_block>> supers_;
    std::vector<std::shared_ptr<kernel::inode>> inodes_;
    std::vector<int> open_files_;  // by superblock
    struct side {
        int prepared{};
        bool inactive{};
    };
    std::vector<side> sides_;  // by superblock
    std::unique_ptr<stage> stage_;
    std::size_t tasks_left_{};
    by_window<bool> reached_{};
};

}  // namespace drainlab::race
