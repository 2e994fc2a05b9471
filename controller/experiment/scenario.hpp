// Scenario files (workloads/scenarios/*.toml): background load, what is measured, and what is expected of it.
#pragma once

#include "controller/experiment/expect.hpp"
#include "controller/experiment/failure.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::experiment {

/// What happens to a target before its unmount.
enum class target_load {
    none,       ///< it stays idle
    burner,     ///< a burner of its own writes it, and is stopped: file closed, cgroup removed
    container,  ///< a container dirties many files and exits; its cgroup is removed while the unmount starts
    overlay,    ///< it is an overlay whose upper layer lies on the first background superblock (sim and lab only)
};

/// What goes on beside the targets all the time.
struct background_load {
    int mounts = 0;        ///< superblocks with a burner each
    unsigned writes = 32;  ///< 4 KiB writes of a generation (`burner_writes`)
};

/// A superblock that churns, and is synced again and again while targets are unmounted.
struct neighbour_load {
    unsigned dirty_mib = 0;    ///< written to it before each sync; 0: there is no such neighbour
    unsigned mib_per_s = 200;  ///< how fast its device is
};

/// What is mounted, loaded and unmounted in each cycle.
struct target_setup {
    int at_once = 1;  ///< targets unmounted at the same time; each is a sample
    target_load load = target_load::none;
    unsigned writes = 32;                     ///< of its burner's generations (`burner_writes`)
    std::chrono::milliseconds burn_for{100};  ///< how long its burner writes at least (`burn_ms`)
    bool shares_bdi = false;                  ///< it lies on the device of the first background superblock
    bool in_flight = false;                   ///< only unmounts with an own switch in flight count; others are repeated
    unsigned files = 500;                     ///< of a container
    unsigned dirty_kib = 4096;                ///< left dirty by others on an overlay's upper superblock
    bool is_volatile = false;                 ///< the overlay's mount option: it never syncs
    /// The unmount starts up to this long after the container's cgroup was told to go, at random (`umount_within_ms`).
    std::chrono::milliseconds umount_within{0};
    std::optional<std::uint64_t> dirty_limit;  ///< of the target's page cache (`dirty_limit_bytes`)
};

/// One file of workloads/scenarios.
struct scenario {
    std::string name;
    std::string title;  ///< one line for the table's heading
    background_load background;
    neighbour_load neighbour;
    target_setup target;
    std::vector<expectation> expect;
};

/// Parses a scenario; `name` is what results call it, `origin` what errors call the text. Errors are exit 2 and read
/// `FILE:LINE:COLUMN: what`; unknown keys are errors, with the nearest known one.
result<scenario> parse_scenario(const std::string& text, const std::string& name, const std::string& origin);

/// Loads `word`: a name of workloads/scenarios, or a file.
result<scenario> load_scenario(const std::string& word);

}  // namespace drainlab::experiment
