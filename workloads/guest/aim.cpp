#include "workloads/guest/aim.hpp"

#include <algorithm>
#include <ctime>

namespace drainlab::guest {
namespace {

constexpr std::int64_t tick_ns = 4'000'000;
constexpr std::int64_t longest_delay_ns = 200'000'000;

void sleep_until(std::int64_t at) {
    const timespec t{at / 1'000'000'000, at % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

std::int64_t at_phase(std::int64_t now) { return now - now % tick_ns + tick_ns + tick_ns / 4; }

}  // namespace

void aim::pass(const std::function<void()>& remove) {
    sleep_until(at_phase(now_ns() + 60'000'000));
    removed_at_ = now_ns();
    remove();
    constexpr std::int64_t dither_ns = 300'000;
    sleep_until(removed_at_ + std::max<std::int64_t>(delay_ns_ + random_.below(2 * dither_ns) - dither_ns, 0));
}

void aim::learn(const std::vector<trace_event>& events, const umount_parts& parts) {
    if (!parts.drain_begins_at || !parts.detached_at) return;
    const auto cleanup = std::find_if(events.begin(), events.end(), [&](const trace_event& e) {
        return e.name == "in_cleanup_offline_cgwb" && e.at_ns > removed_at_;
    });
    if (cleanup == events.end()) return;
    const auto wanted = *parts.drain_begins_at - (*parts.drain_begins_at - *parts.detached_at) / 3;
    const auto late = cleanup->at_ns - wanted;  // the unmount came that much too early
    delay_ns_ = std::clamp<std::int64_t>(delay_ns_ + late / 2, 0, longest_delay_ns);
}

}  // namespace drainlab::guest
