// What guests say (drainlab.guest/1), as data.
#pragma once

#include "controller/result/collect.hpp"
#include "workloads/guest/causes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace drainlab::lab {

/// The guest runs: its kernel.
struct hello {
    std::string release, version;
    int cpus = 0;
};
/// The policy and era that guest::judge_policy() saw, and the calls it saw them by.
struct policy_told {
    std::string policy, era;
    std::vector<std::string> calls;
};
/// Everything is set up; scenarios begin.
struct ready {
    int hz = 0;      ///< 0: it could not be seen
    int probes = 0;  ///< functions traced
};
/// One unmount.
struct sample_told {
    std::string scenario;
    int number = 0;
    int status = 0;  ///< of umount(8), as waitpid(2) tells
    bool busy_inodes = false;
    std::uint64_t cpu_ns = 0;
    std::uint64_t sync_ns = 0;                         ///< in sync_filesystem()
    std::optional<std::uint64_t> released_to_dead_ns;  ///< of a held superblock: from the last close to its end
    int lost_events = 0;
    report::umount_sample figures;
};
/// A line of the trace of one round.
struct trace_told {
    std::string scenario;
    int number = 0;
    int pid = 0;  ///< of the round's first umount(8)
    std::string line;
};
/// What the guest measured of its machine, told once.
struct measured_told {
    guest::causes causes;
};
/// What the load did while a scenario ran: how many generations in how long.
struct load_told {
    std::string scenario;
    std::uint64_t generations = 0, ns = 0;
    std::optional<std::uint64_t> by_vote, by_offline, by_other;  ///< inodes switched
};
/// Something that figures may suffer from; the guest goes on.
struct warning_told {
    std::string text;
};
/// Why the guest gives up. The machine ends.
struct error_told {
    std::string text;
};
/// All went well. The machine ends.
struct bye {};

using message = std::variant<hello, policy_told, ready, measured_told, sample_told, trace_told, load_told, warning_told,
                             error_told, bye>;

/// The message in a line, or nothing: half a line of a machine that died, another schema, noise.
std::optional<message> parse_message(const std::string& line);

}  // namespace drainlab::lab
