// Small things that the guest asks of its kernel.
#pragma once

#include <cstdint>
#include <string>

namespace drainlab::guest {

inline constexpr const char* tracefs = "/sys/kernel/tracing/";

/// CLOCK_MONOTONIC, which is also the clock of the trace.
std::int64_t now_ns();
/// Sleeps at least that long.
void nap_us(std::int64_t microseconds);

/// The whole file; empty where it cannot be read.
std::string read_file(const std::string& path);
/// Writes `text` with one write(2). 0, or an errno.
int write_file(const std::string& path, const std::string& text, bool append = false);
/// Empties the file by opening it with O_TRUNC.
void truncate_file(const std::string& path);

/// Loads a module from the initramfs. 0 also where it is not there or is built in, else an errno.
int load_module(const std::string& name, const std::string& arguments = {});

/// CPU time of all children that were waited for.
std::int64_t children_cpu_ns();

/// The kernel's log so far.
std::string kernel_log();

/// Numbers that depend on the seed alone.
class random_numbers {
  public:
    explicit random_numbers(std::uint64_t seed) : state_(seed * 2654435761U + 1) {}
    /// Below `n`, which is not 0.
    std::int64_t below(std::int64_t n) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(n));
    }

  private:
    std::uint64_t state_;
};

}  // namespace drainlab::guest
