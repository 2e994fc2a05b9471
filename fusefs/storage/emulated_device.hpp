// A device as slow as wanted, in front of the store.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <cstdint>

namespace drainlab::storage {

/// 0 means unlimited.
struct device_limits {
    sched::nanoseconds latency{0};           ///< of each request; requests overlap
    std::uint64_t bandwidth_bytes_per_s{0};  ///< shared by all requests, one after the other
    std::uint64_t iops{0};                   ///< likewise
    bool unlimited() const noexcept { return latency.count() == 0 && bandwidth_bytes_per_s == 0 && iops == 0; }
};

/// Delays are timers of the model's scheduler, never a thread that sleeps. Thread: loop.
class emulated_device {
  public:
    explicit emulated_device(sched::scheduler& sched) : sched_{sched} {}
    const device_limits& limits() const noexcept { return limits_; }
    /// Applies to requests that come later.
    void set_limits(const device_limits& limits) noexcept { limits_ = limits; }

    /// When a request of `bytes` that arrives now is done; takes its place in the queue.
    sched::instant admit(std::uint64_t bytes) noexcept;
    /// One request: returns when the device is done with it.
    sched::task<> transfer(std::uint64_t bytes);

  private:
    sched::scheduler& sched_;
    device_limits limits_{};
    sched::instant free_at_{};
};

}  // namespace drainlab::storage
