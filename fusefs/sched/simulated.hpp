// The simulated scheduler: virtual time that jumps to the next event, and a seeded generator that picks who runs next.
#pragma once

#include "fusefs/sched/random.hpp"
#include "fusefs/sched/scheduler.hpp"

namespace drainlab::sched {

/// What a simulated run depends on, beside its fibers: equal options, equal runs.
struct simulated_options {
    std::uint64_t seed{1};
    /// A named point that is not widened lets others go first once in this many passes; 0: never.
    std::uint32_t preempt_one_in{8};
    /// Pick among ready fibers at random; otherwise in order of arrival.
    bool shuffle{true};
};

/// How run() ended.
enum class run_outcome : std::uint8_t {
    finished,  ///< every fiber of kind thread has ended
    deadlock,  ///< some have not, and nothing can ever run: ask waiting()
    until,     ///< the given instant was reached
};

/// Same seed and same program: same trace, byte for byte, on every machine.
class simulated_scheduler final : public scheduler {
  public:
    explicit simulated_scheduler(simulated_options options = {}) : options_{options}, random_{options.seed} {}
    ~simulated_scheduler() override { drop_all(); }

    instant now() const noexcept override { return now_; }
    /// Runs until no fiber of kind thread is left, or nothing can run any more, or the clock would pass `limit`.
    run_outcome run(instant limit = instant::max());
    /// Lets `d` pass, service fibers included, whether or not any fiber of kind thread is left.
    run_outcome run_for(nanoseconds d);
    /// Runs until `done()` is true, looked at after every step.
    run_outcome run_until(const std::function<bool()>& done, instant limit = instant::max());

    /// A hash over (instant, fiber) of every step so far: equal traces have equal hashes.
    std::uint64_t trace_hash() const noexcept { return hash_; }
    std::uint64_t steps() const noexcept { return steps_; }
    random& generator() noexcept { return random_; }

  protected:
    std::size_t choose(const std::deque<fiber*>& ready) override;
    bool preempt_here(point at, nanoseconds& width) override;

  private:
    simulated_options options_;
    random random_;
    instant now_{};
    std::uint64_t hash_{0xcbf29ce484222325u};
    std::uint64_t steps_{};
};

}  // namespace drainlab::sched
