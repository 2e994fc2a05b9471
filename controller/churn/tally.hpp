// What a churn has done so far.
#pragma once

#include "controller/measure/histogram.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
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

/// One unmount on the clock of the machine, ns.
struct moment {
    action how{};
    std::int64_t called = 0;
    std::uint64_t took = 0;
    std::optional<std::uint64_t> dead;  ///< after the call
};

/// Unmounts in order, each as long as there is room; then every second, every fourth, ...
class moments {
  public:
    static constexpr std::size_t most = 8192;  ///< of all workers together, about
    explicit moments(std::size_t room = most) : room_{std::max<std::size_t>(room, 2)} {}
    /// Remembers this one, or passes it over. Its death may be told until the next one comes.
    void add(const moment& m);
    void last_died_at(std::int64_t now);
    /// Takes over those of another, thinned to what both stand for.
    void merge(const moments& other);
    std::uint64_t one_in() const noexcept { return one_in_; }
    const std::vector<moment>& all() const noexcept { return all_; }

  private:
    void thin();
    std::size_t room_;
    std::uint64_t one_in_ = 1, seen_ = 0;
    bool open_ = false;
    std::vector<moment> all_;
};

/// What cycles did, summed up. A worker has one of its own; they are merged at the end.
struct tally {
    std::array<action_tally, 3> actions;
    moments unmounts;
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
