// What kind of machine this is, and how busy, for results.
#pragma once

#include "controller/report/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace drainlab::run {

/// Kernel, cpus, memory, libfuse, root; the rest is the daemon's to say.
report::environment_info machine_info();

/// Ticks of all CPUs together since boot (proc_stat(5)).
struct cpu_ticks {
    std::uint64_t busy{}, all{};
};

/// The first line of /proc/stat. Empty if that is not what `stat` is.
std::optional<cpu_ticks> parse_cpu_ticks(const std::string& stat);

/// The share of the machine's CPUs that is in use while we sleep `window`, from 0 to 1; 0 where it cannot be known.
double cpu_share_of_others(std::chrono::milliseconds window);

}  // namespace drainlab::run
