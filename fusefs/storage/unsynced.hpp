// What came of losing what nobody has synced.
#pragma once
#include <cstdint>

namespace drainlab::storage {

/// Of a cache that keeps what is written until it is synced: what came of it.
struct unsynced_counts {
    std::uint64_t power_cuts{};
    std::uint64_t dropped_bytes{};  ///< by them
    std::uint64_t early_bytes{};  ///< that went to the store unasked, as there were more than cache_limits::dirty_bytes
};

}  // namespace drainlab::storage
