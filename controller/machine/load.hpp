// How busy this machine is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace drainlab::machine {

/// The load average over a minute; 0 where it cannot be known.
double load_average();

/// Ticks of all CPUs together since boot (proc_stat(5)).
struct cpu_ticks {
    std::uint64_t busy{}, all{};
};

/// The first line of /proc/stat. Empty if that is not what `stat` is.
std::optional<cpu_ticks> parse_cpu_ticks(const std::string& stat);

/// The share of that time in which CPUs were busy between two readings, from 0 to 1; 0 where none has passed.
double busy_share(const cpu_ticks& before, const cpu_ticks& after);

/// The share of the machine's CPUs that is in use while we sleep `window`, from 0 to 1; 0 where it cannot be known.
double cpu_share_of_others(std::chrono::milliseconds window);

}  // namespace drainlab::machine
