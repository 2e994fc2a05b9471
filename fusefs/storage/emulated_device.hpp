// A device as slow, and as faulty, as wanted, in front of the store.
#pragma once
#include "fusefs/sched/scheduler.hpp"
#include "fusefs/storage/device_errors.hpp"

#include <cstdint>

namespace drainlab::storage {

/// 0 means unlimited.
struct device_limits {
    sched::nanoseconds latency{0};           ///< of each request; requests overlap
    std::uint64_t bandwidth_bytes_per_s{0};  ///< shared by all requests, one after the other
    std::uint64_t iops{0};                   ///< likewise
    sched::nanoseconds flush{0};             ///< of its write cache, at each fsync and sync_fs; flushes overlap
    bool unlimited() const noexcept { return latency.count() == 0 && bandwidth_bytes_per_s == 0 && iops == 0; }
};

/// What was asked of the device since its limits were last set, and what its users got. `took` counts until the waiting
/// request ran again: never less than `wanted`.
struct device_times {
    struct times {
        std::uint64_t count{};
        sched::nanoseconds wanted{0}, took{0}, most_late{0};
        void add(sched::nanoseconds asked_for, sched::nanoseconds got) noexcept;
    };
    times requests, flushes, metadata;
    std::uint64_t bytes{};
};

/// Delays are timers of the model's scheduler, never a thread that sleeps. Thread: loop.
class emulated_device {
  public:
    explicit emulated_device(sched::scheduler& sched) : sched_{sched} {}
    const device_limits& limits() const noexcept { return limits_; }
    /// Applies to requests that come later; times() start anew.
    void set_limits(const device_limits& limits) noexcept;

    /// When a request of `bytes` that arrives at `now` is done; takes its place in the queue.
    sched::instant admit(sched::instant now, std::uint64_t bytes) noexcept;
    /// One request: returns when the device is done with it.
    sched::task<> transfer(std::uint64_t bytes);
    /// The cache flush that ends fsync(2) and sync_fs().
    sched::task<> flush();

    /// Whether requests about names and attributes take time. They take
    /// their place by admit(), wait by themselves, and say how long.
    bool delays_metadata() const noexcept { return limits_.latency.count() > 0 || limits_.iops > 0; }
    void metadata_took(sched::nanoseconds wanted, sched::nanoseconds took) noexcept {
        times_.metadata.add(wanted, took);
    }

    const device_times& times() const noexcept { return times_; }

    /// Which requests fail. Asked by whoever serves them; 0 or an errno.
    device_errors errors;

  private:
    sched::scheduler& sched_;
    device_limits limits_{};
    sched::instant free_at_{};
    device_times times_;
    std::uint64_t generation_{};  ///< of the limits: a request begun under older ones is not counted
};

}  // namespace drainlab::storage
