// Where a long search stopped, in a file, so that the same command goes on from there.
#pragma once
#include "controller/race/explore.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace drainlab::race {

struct checkpoint {
    std::string policy, world;
    int preemptions{};  ///< the bound that was asked for
    search_state state;
};

/// Nothing if there is no such file. Exit 2 if it is not a checkpoint.
result<std::optional<checkpoint>> read_checkpoint(const std::string& file);
/// A new file, renamed over the old one.
result<void> write_checkpoint(const std::string& file, const checkpoint& c);

}  // namespace drainlab::race
