// What a churn has done so far.
#pragma once

#include "controller/measure/histogram.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace drainlab::churn {

enum class action { umount, lazy, force };
inline constexpr std::array<const char*, 3> action_names{"umount", "lazy", "force"};

/// Counts of one kind of unmount.
struct action_tally {
    std::uint64_t cycles = 0;
    std::uint64_t held = 0;  ///< with a holder in the way
    std::uint64_t busy = 0;  ///< EBUSY first, as it must be
    measure::histogram ns;   ///< of the unmount call that went through
};

struct tally {
    std::array<action_tally, 3> actions;
    std::uint64_t interrupted = 0;     ///< cycles that a kill of the daemon cut short
    std::uint64_t holders_killed = 0;  ///< holders that were SIGKILLed
    std::uint64_t passers_by = 0;      ///< unmounts that somebody else's look through /proc refused for a moment
    std::uint64_t names_taken = 0;     ///< cut by force while busy, and the daemon had taken the name away before us
    std::uint64_t bytes_verified = 0;  ///< read back from mounts or stores and found right
    std::vector<std::string> violations;

    std::uint64_t cycles() const;
    void merge(const tally& other);
};

}  // namespace drainlab::churn
