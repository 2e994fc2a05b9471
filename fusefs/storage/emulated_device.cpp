#include "fusefs/storage/emulated_device.hpp"

#include <algorithm>

namespace drainlab::storage {

sched::instant emulated_device::admit(std::uint64_t bytes) noexcept {
    using sched::nanoseconds;
    constexpr double ns_per_s = 1e9;
    double busy = 0;
    if (limits_.bandwidth_bytes_per_s)
        busy = static_cast<double>(bytes) * ns_per_s / static_cast<double>(limits_.bandwidth_bytes_per_s);
    if (limits_.iops) busy = std::max(busy, ns_per_s / static_cast<double>(limits_.iops));
    const sched::instant begins = std::max(sched_.now(), free_at_);
    free_at_ = begins + nanoseconds{static_cast<nanoseconds::rep>(busy)};
    return free_at_ + limits_.latency;
}

sched::task<> emulated_device::transfer(std::uint64_t bytes) {
    if (limits_.unlimited()) co_return;
    const sched::instant done = admit(bytes);
    if (done > sched_.now()) co_await sched_.sleep_until(done, "emulated device");
}

}  // namespace drainlab::storage
