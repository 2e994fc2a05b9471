// Strategies against each other on real mounts, a share of which somebody still holds.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/result/result.hpp"
#include "controller/strategy/figures.hpp"
#include "controller/strategy/ground.hpp"

#include <functional>
#include <string>
#include <vector>

namespace drainlab::strategy {

/// What is to be compared, and how.
struct options {
    std::vector<kind> strategies;
    recipe how;
    int workers = 4;                                                   ///< of async_pool
    int samples = 40;                                                  ///< unmounts per strategy at least
    double held_share = 0.3;                                           ///< mounts that are held when asked to go
    std::chrono::nanoseconds held_for{std::chrono::milliseconds(50)};  ///< mean: uniform from 0 to twice that
    std::chrono::milliseconds umount_delay{0};                         ///< every drain takes that much longer
    std::string policy = "persb", profile;                             ///< of drainfs; an empty profile: its default
    std::string socket;                                                ///< of its daemon; empty: a place of its own
    std::uint64_t seed = 1;
};

/// A batch: so many mounts are asked to go one after the other, as when a host stops its containers.
inline constexpr int batch_size = 8;

/// Which mounts of a batch are held, and for how long after its beginning (0: not held). The same for every strategy.
std::vector<std::chrono::nanoseconds> holders_of(const options& o, int round);

/// One strategy's figures, and the same as a cell of a result.
struct row {
    figures what;
    report::cell cell;  ///< scenario "strategy"; umount_ms is the time to return
};

/// Rounds in which every strategy has one batch, in random order; the first round is not
/// counted. What a strategy left mounted is detached after its batch. Needs root or a
/// user namespace. `tell` hears (strategy, done, total), `stop` is asked between batches.
client::result<std::vector<row>> run_strategies(const options& o,
                                                const std::function<void(const std::string&, int, int)>& tell,
                                                const std::function<bool()>& stop);

/// A daemon that is there, and an empty directory of ours.
struct site {
    std::string socket, base;
};

/// run_strategies() there. What a failed batch has left mounted stays.
client::result<std::vector<row>> run_strategies_on(ground& where, const site& here, const options& o,
                                                   const std::function<void(const std::string&, int, int)>& tell,
                                                   const std::function<bool()>& stop);

}  // namespace drainlab::strategy
