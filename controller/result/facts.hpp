// What every document says of how it was made.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// Which drainlab wrote a document: its version and git revision.
struct tool_info {
    std::string name = "drainlab";
    std::string version;
    std::string git;
};

/// The machine. What a simulation does not have stays empty (`null`).
struct environment_info {
    std::string kernel;
    int cpus = 0;
    std::uint64_t memory_mib = 0;
    std::optional<std::string> libfuse;
    bool root = false;
    std::optional<std::string> identity;      ///< cgroup, session
    std::optional<std::string> cgroup_root;   ///< null with session
    std::optional<std::string> memcg_death;   ///< inotify, poll
    std::optional<std::string> umount_wait;   ///< gate, api
    std::optional<std::string> detach_event;  ///< fanotify, mountinfo
    std::optional<std::string> governor;      ///< of CPU 0's frequency; null where there is none to choose
};

/// What is told of every run, whatever it was about.
struct run_facts {
    std::uint64_t seed = 0;
    std::string started;  ///< UTC, ISO 8601
    double elapsed_s = 0.0;
    std::vector<std::string> command;                   ///< the command line; empty (`null`) in reproducible results
    std::optional<std::array<double, 2>> load_average;  ///< of the machine over a minute, before and after
};

/// Of documents that have no other figures of a run. Missing in those of older versions.
struct facts : run_facts {
    tool_info tool;
    environment_info environment;
};

}  // namespace drainlab::report
