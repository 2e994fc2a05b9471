// The model's time. Nobody below fusefs/sched/real* reads the machine's clock.
#pragma once
#include <chrono>

namespace drainlab::sched {

using std::chrono::nanoseconds;

/// Tag of the scheduler's clock. It has no now(): time is asked of the scheduler, which may be virtual.
struct model_clock {
    using duration = nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<model_clock>;
    static constexpr bool is_steady = true;
};

/// An instant on the scheduler's clock. Real: CLOCK_MONOTONIC's nanoseconds. Simulated: nanoseconds since the start.
using instant = model_clock::time_point;

}  // namespace drainlab::sched
