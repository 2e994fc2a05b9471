// Assertions that stay in release builds: for states that must be impossible.
#pragma once

namespace drainlab::sched {

[[noreturn]] void check_failed(const char* what, const char* file, int line) noexcept;

}  // namespace drainlab::sched

/// Aborts with the condition, file and line unless `condition` holds.
#define DRAINLAB_CHECK(condition) \
    (static_cast<bool>(condition) ? void(0) : ::drainlab::sched::check_failed(#condition, __FILE__, __LINE__))
