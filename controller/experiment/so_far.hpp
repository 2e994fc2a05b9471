// The main ratio of a run that is not over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::experiment {

/// How often a p50 is another: "base / persb 17.9 [15.2, 20.1]". Nothing while one of the two has fewer than 5 samples,
/// or where they are so many (more than 2000) that to work it out would take longer than to measure. Unmounts in ns.
std::optional<std::string> ratio_so_far(const std::string& name, const std::vector<std::uint64_t>& ns,
                                        const std::string& against, const std::vector<std::uint64_t>& against_ns);

}  // namespace drainlab::experiment
