// The exhaustive scheduler: untimed, and every choice is somebody else's. Run a world again and again
// with the choices of a search (search.hpp) and every interleaving is seen, up to a bound on preemptions.
#pragma once
#include "fusefs/sched/decider.hpp"
#include "fusefs/sched/scheduler.hpp"
#include "fusefs/sched/store_buffer.hpp"

namespace drainlab::sched {

/// What bounds a search through all schedules of a world.
struct exhaustive_options {
    /// How often a fiber may be made to stop at a named point while it could go on. Negative: no bound.
    /// Choices where a fiber has blocked, and moments at which a store becomes visible, are no preemptions.
    int preemptions{-1};
    /// Delay bounding (after Emmi, Qadeer, Rakamaric: "Delay-bounded scheduling", 2011), for
    /// worlds with too many choices where a fiber has blocked: there, another fiber than the
    /// first uses up a preemption, too. Whoever is passed over or preempted runs only when nobody
    /// else can, until it is chosen: one preemption holds a fiber back for as long as it takes.
    bool delays{};
    /// Timers that may expire although something else could run.
    /// Beyond that one expires only when nothing else can happen.
    int timers{1};
    /// A run of more steps is a livelock.
    std::uint64_t step_limit{5000};
    /// Model store buffering.
    bool store_buffers{true};
};

/// Hears of every step; for telling a schedule as a story.
class step_observer {
  public:
    virtual ~step_observer() = default;
    /// `f` runs from here on.
    virtual void runs(const fiber& f) = 0;
    /// `f` is at a named point; `preempted`: it is made to stop there.
    virtual void passes(const fiber& f, point at, bool preempted) = 0;
};

/// How one run has ended.
enum class exhaustive_outcome : std::uint8_t {
    finished,  ///< nothing can run any more, and every fiber of kind thread has ended
    deadlock,  ///< nothing can run, and some have not ended: ask waiting()
    livelock,  ///< the step limit was reached
};

/// One run. now() is a counter of steps, in nanoseconds from 1, and jumps when a timer expires.
class exhaustive_scheduler final : public scheduler {
  public:
    /// `choices` must outlive it.
    exhaustive_scheduler(decider& choices, exhaustive_options options = {});
    ~exhaustive_scheduler() override { drop_all(); }

    instant now() const noexcept override { return now_; }
    /// Runs until nothing can run any more.
    exhaustive_outcome run();

    /// From now on there are no choices: fibers run in order of arrival, stores are
    /// seen at once. For the part of a run whose order no invariant depends on.
    void calm();
    void observe(step_observer* observer) noexcept { observer_ = observer; }

    std::uint64_t steps() const noexcept { return steps_; }
    /// Over (fiber, step) so far: equal traces have equal hashes, in every build.
    std::uint64_t trace_hash() const noexcept { return hash_; }
    /// Fibers that have run so far.
    fiber_id spawned() const noexcept { return spawned_; }

  protected:
    std::size_t choose(const std::deque<fiber*>& ready) override;
    bool preempt_here(point at, nanoseconds& width) override;

  private:
    bool timer_may_expire();
    void line_up(const std::deque<fiber*>& ready);
    void hold_back(const fiber& f);
    void release(const fiber& f);
    void expire_timer();
    void step(std::uint64_t what) noexcept;

    decider& choices_;
    exhaustive_options options_;
    store_buffers buffers_;
    step_observer* observer_{};
    std::vector<fiber*> candidates_;
    std::vector<fiber_id> held_back_;  // by id, longest first
    fiber* forced_{};
    bool calm_{};
    int preemptions_left_;
    int timers_left_;
    instant now_{nanoseconds{1}};
    std::uint64_t steps_{}, hash_{0xcbf29ce484222325u};
    fiber_id spawned_{};
};

}  // namespace drainlab::sched
