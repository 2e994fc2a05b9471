// Swap files: the kernel has them open, no process does.
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

namespace drainlab::machine {

void find_swap(survey& s) {
    for (const auto& f : parse_swaps(read_text(s.proc + "/swaps"))) {
        if (s.names_target(f.path, s.ours()))
            s.found.holders.push_back(
                {0, {}, "swap", f.path, 0, s.self && s.blocks_by_path(f.path, s.our_ns), f.deleted ? "deleted" : ""});
        else if (!s.self && mount_containing(s.ours(), f.path) && f.path.rfind('/') == 0)
            // What has no name here any more is shown from its own root.
            s.may_hold("swap",
                       fmt::format("swap is on {}: if that is no file of this name here, it may be of a detached mount",
                                   f.path),
                       "swapoff, or `ls " + f.path + "`");
    }
}

}  // namespace drainlab::machine
