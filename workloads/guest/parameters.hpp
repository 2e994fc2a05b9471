// What the guest is told: words `lab.KEY=VALUE` of the kernel's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::guest {

/// What happens to a target before its unmount.
enum class load_kind { none, burner, container, tmpfs, overlay };

/// One scenario as the controller orders it: `lab.scenario=NAME,samples=8,mounts=4,writes=32,at_once=1,load=none,...`.
struct scenario_order {
    std::string name;
    int samples = 4;
    int mounts = 0;   ///< superblocks with a burner each
    int writes = 32;  ///< of 4 KiB in a generation
    int at_once = 1;  ///< targets unmounted at the same time
    load_kind load = load_kind::none;
    int burn_ms = 100;         ///< how long a target's own burner writes
    int files = 100;           ///< of a container
    int dirty_kib = 4096;      ///< left dirty on a container's filesystem
    int within_ms = 80;        ///< the unmount starts up to this long after a container's cgroup was removed
    bool lazy = false;         ///< umount -l
    bool held = false;         ///< by an open file, closed after the umount has returned
    bool is_volatile = false;  ///< the overlay's mount option
};

/// All that a guest is told.
struct parameters {
    std::vector<scenario_order> scenarios;
    std::uint64_t seed = 1;
    bool drop_pages = true;      ///< the load drops each page it has written, so that the next writer is charged anew
    bool measure = false;        ///< measure the machine first: see causes
    bool record = false;         ///< send the trace of every unmount
    std::uint64_t widen_us = 0;  ///< how long each prepared switch waits before it is queued; 0: not at all
    int hang_s = 120;            ///< guest seconds for one step before the guest gives itself up
};

/// The parameters in a command line. An unknown key or a value that is no number is an error: `error` then says which.
struct parsed_parameters {
    std::optional<parameters> value;
    std::string error;
};
/// Words that do not begin with `lab.` are the kernel's, and passed over.
parsed_parameters parse_parameters(std::string_view command_line);

/// The same as words of a command line; parse_parameters() reads them back.
std::string to_words(const parameters& p);

}  // namespace drainlab::guest
