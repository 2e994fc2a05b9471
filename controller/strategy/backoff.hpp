// How long to wait before an unmount is tried again.
#pragma once

#include <chrono>

namespace drainlab::strategy {

/// Exponential back-off.
struct backoff {
    std::chrono::nanoseconds initial{std::chrono::milliseconds(10)};
    double factor = 2;  ///< at least 1
    std::chrono::nanoseconds longest{std::chrono::milliseconds(500)};
    int tries = 8;  ///< in all, the first included; at least 1
};

/// The pause after the `failed`-th try (from 1), never more than `longest`.
std::chrono::nanoseconds pause_after(const backoff& b, int failed);

}  // namespace drainlab::strategy
