// Aims an unmount at the only time in which the race can happen.
//
// The cleanup of an offline cgroup prepares inodes with preemption off, so the expedited grace period of the unmount's
// own namespace_unlock() waits for a cleanup that began before it. The cleanup must begin after that grace period and
// before the drain: some hundred microseconds, as long as the unmount's sync takes. It follows rmdir(2) of the cgroup
// by ten to some twenty milliseconds, in steps of the tick.
#pragma once

#include "workloads/guest/parts.hpp"
#include "workloads/guest/system.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace drainlab::guest {

/// Learns from round to round how long after rmdir(2) the unmount has to begin.
class aim {
  public:
    explicit aim(std::uint64_t seed) : random_(seed + 1) {}

    /// Removes the cgroup at a fixed phase of the tick and returns when the unmount is to begin.
    void pass(const std::function<void()>& remove);
    /// Corrects the time between the two by what the last round's trace shows.
    void learn(const std::vector<trace_event>& events, const umount_parts& parts);
    std::int64_t delay_ns() const { return delay_ns_; }

  private:
    random_numbers random_;
    std::int64_t delay_ns_ = 10'000'000;
    std::int64_t removed_at_ = 0;
};

}  // namespace drainlab::guest
