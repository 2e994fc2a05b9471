#include "fusefs/storage/emulated_device.hpp"

#include <algorithm>

namespace drainlab::storage {

using sched::nanoseconds;

void device_times::times::add(nanoseconds asked_for, nanoseconds got) noexcept {
    ++count;
    wanted += asked_for;
    took += got;
    most_late = std::max(most_late, got - asked_for);
}

void emulated_device::set_limits(const device_limits& limits) noexcept {
    limits_ = limits;
    free_at_ =
        std::min(free_at_, sched_.now());  // requests that wait keep their time, new ones do not queue behind them
    times_ = {};
    ++generation_;
}

sched::instant emulated_device::admit(sched::instant now, std::uint64_t bytes) noexcept {
    constexpr double ns_per_s = 1e9;
    double busy = 0;
    if (limits_.bandwidth_bytes_per_s)
        busy = static_cast<double>(bytes) * ns_per_s / static_cast<double>(limits_.bandwidth_bytes_per_s);
    if (limits_.iops) busy = std::max(busy, ns_per_s / static_cast<double>(limits_.iops));
    const sched::instant begins = std::max(now, free_at_);
    free_at_ = begins + nanoseconds{static_cast<nanoseconds::rep>(busy)};
    return free_at_ + limits_.latency;
}

sched::task<> emulated_device::transfer(std::uint64_t bytes) {
    if (limits_.unlimited()) co_return;
    const sched::instant began = sched_.now();
    const std::uint64_t under = generation_;
    const sched::instant done = admit(began, bytes);
    if (done > began) co_await sched_.sleep_until(done, "emulated device");
    if (under != generation_) co_return;
    times_.bytes += bytes;
    times_.requests.add(done - began, sched_.now() - began);
}

sched::task<> emulated_device::flush() {
    if (limits_.flush.count() == 0) co_return;
    const sched::instant began = sched_.now();
    const std::uint64_t under = generation_;
    const nanoseconds wanted = limits_.flush;
    co_await sched_.sleep_until(began + wanted, "emulated device's cache flush");
    if (under == generation_) times_.flushes.add(wanted, sched_.now() - began);
}

}  // namespace drainlab::storage
