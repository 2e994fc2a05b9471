// The call targets of kernel functions, read from the running kernel: /proc/kallsyms for names, /proc/kcore for code.
#pragma once

#include "workloads/guest/policy_seen.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::guest {

/// A function of the kernel, by its first byte.
struct symbol {
    std::uint64_t address = 0;
    std::string name;
};

/// The functions in the text of kallsyms, by address. Empty where addresses are hidden (all zero).
std::vector<symbol> parse_kallsyms(std::string_view text);

/// The names of functions that x86-64 `code`, placed at `address`, calls or jumps to directly, in order, each once.
/// `symbols` is sorted by address. Thunks and static calls are left out.
std::vector<std::string> call_targets(std::string_view code, std::uint64_t address, const std::vector<symbol>& symbols);

/// The calls of the judged functions in the running kernel; nothing, and `why`, where it cannot be read.
struct kernel_calls {
    std::optional<call_map> calls;
    std::string why;
};
/// Reads /proc/kallsyms and /proc/kcore; needs root.
kernel_calls read_kernel_calls();

}  // namespace drainlab::guest
