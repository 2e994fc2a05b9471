// From single unmounts to the figures of a strategy.
#pragma once

#include "controller/result/strategy.hpp"
#include "controller/strategy/strategy.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace drainlab::strategy {

/// One unmount; instants in ns of one clock.
struct sample {
    attempt how;
    bool held = false;                      ///< somebody held it when it was asked for
    std::int64_t called = 0, returned = 0;  ///< what the caller saw
    std::int64_t ended = 0;                 ///< the last umount2(2) was over: later than `returned` with async_pool
    std::optional<std::int64_t> dead;       ///< the superblock; nothing if it was left mounted
};

using spread = report::four_figures;

/// Unmounts that the caller takes for done (it was told so, or handed them over) and whose superblock still lives.
struct backlog {
    int max = 0;
    double mean = 0;  ///< over time, from the first call to the last death
};

/// One strategy's. Times in ms.
struct figures {
    kind strategy{};
    std::vector<report::strategy_outcome> outcomes;  ///< of every unmount, in order
    std::vector<report::backlog_steps> batches;
    int unmounts = 0, held = 0;
    int unmounted = 0;     ///< the name is gone, by what the strategy did
    int left_mounted = 0;  ///< it gave up
    int fell_back = 0;
    double tries_mean = 0;
    std::optional<spread> return_ms, dead_ms;  ///< after the call; dead_ms of those unmounted
    backlog behind;
};

/// Samples in batches: those of one batch were asked for together. Not empty.
figures figures_of(kind k, const std::vector<std::vector<sample>>& batches);

}  // namespace drainlab::strategy
