// What bench_fs does on each file system.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace drainlab::bench {

struct outcome {
    std::uint64_t ops{};
    double ns_per_op{};  ///< wall time, or 0 if the job failed (said on stderr)
};

struct job {
    std::string name;
    std::string fio;  ///< options for fio; empty: `loop` is run
    outcome (*loop)(const std::filesystem::path& dir){};
};

const std::vector<job>& jobs();
/// Runs `j` in `dir`. Files of earlier runs are used again.
outcome run(const job& j, const std::filesystem::path& dir);

}  // namespace drainlab::bench
