// The few options workloads share, read without any library: workloads must start fast and depend on nothing.
#pragma once

#include <string>
#include <vector>

namespace drainlab::workloads {

/// What a workload is told on its command line.
struct options {
    std::string path;         ///< the first positional
    std::string cgroup_root;  ///< --cgroup-root DIR; empty with --session
    unsigned writes = 32;     ///< --writes N, of 4 KiB
    unsigned files = 500;     ///< --files N
};

/// Parses, or prints a line (or the usage) and exits with 2 (or 0).
options parse_options(int argc, char** argv, const char* usage);

}  // namespace drainlab::workloads
