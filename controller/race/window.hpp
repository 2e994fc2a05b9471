// Named situations that a run may pass through. A world says which of them it is about: a search that
// never reaches those proves nothing. `race --witness NAME` shows a shortest run that reaches one.
//
// They are found by the names of tracepoints, not by marks (fusefs/sched/mark.hpp): most are
// about who stands where on which mount, which only the order of several tracepoints tells, and
// several threads search at once, each of which has to know of its own run alone. A name that
// no tracepoint bears any more is noticed: witness_test.cpp wants every window to be reached.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace drainlab::race {

/// What each of them means: all_windows().
enum class window : std::uint8_t {
    // the drain
    prepared_unqueued,
    backs_out,
    queued_at_drain,
    wb_dies_targeted,
    wb_released_in_umount,
    flusher_in_umount,
    dirtied_in_sync,
    // the namespace
    walk_unhashed,
    legitimize_too_late,
    late_comer_silent,
    late_comer_puts,
    put_overtaken,
    count_moves,
    umount_busy,
    copy_busy,
    grace_period,
    without_grace_period,
    last_put_user,
    last_put_kthread,
    outlives_lazy,
    mount_refused,
    // both
    dies_in_delayed_put,
};
inline constexpr std::size_t window_count = static_cast<std::size_t>(window::dies_in_delayed_put) + 1;

/// A window for people: its word, and a sentence.
struct window_info {
    std::string_view name, about;
};
/// In the order of the enumeration.
const std::array<window_info, window_count>& all_windows() noexcept;
/// Its word.
std::string_view to_string(window w) noexcept;
/// Nothing for a word that is none.
std::optional<window> parse_window(std::string_view word) noexcept;

/// What a run, or a campaign, has reached: one entry per window.
template <class T>
using by_window = std::array<T, window_count>;
constexpr std::size_t index_of(window w) noexcept { return static_cast<std::size_t>(w); }

}  // namespace drainlab::race
