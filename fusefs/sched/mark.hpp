// Marks: places in the code that a test must have reached, by name (as TigerBeetle has them).
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>

namespace drainlab::sched {

/// A string literal as a template argument.
template <std::size_t N>
struct mark_name {
    constexpr mark_name(const char (&text)[N]) { std::copy_n(text, N, letters); }  // NOLINT: that is its use
    char letters[N]{};
};

template <mark_name Name>
inline constinit std::atomic<bool> mark_reached{false};

/// `mark<"a page was read for a write">();` where the code goes a way that
/// a test is about. Costs one store to a byte of its own; any thread.
template <mark_name Name>
inline void mark() noexcept {
    mark_reached<Name>.store(true, std::memory_order_relaxed);
}

/// For a test: whether the place has been reached since this was made.
/// A name that no code bears is never reached, so a wrong one fails.
template <mark_name Name>
class must_reach {
  public:
    must_reach() noexcept { mark_reached<Name>.store(false, std::memory_order_relaxed); }
    bool reached() const noexcept { return mark_reached<Name>.load(std::memory_order_relaxed); }
};

}  // namespace drainlab::sched
