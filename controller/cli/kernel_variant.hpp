// Which of the drain policies the machine's own kernel uses, as far as its version tells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drainlab::cli {

/// What a release ("6.18.44-generic") says about cgroup_writeback_umount() in it.
struct kernel_variant {
    std::vector<std::string> candidates;  ///< policies of ours, the likeliest first; empty when it says nothing
    std::string note;                     ///< why, and how sure, in a sentence or two
};

/// By version number only: the mainline history of fs/fs-writeback.c and the stable releases that took the 2026 fix. Vendors
/// port fixes without changing the number, so this is never a certainty, and the note says so.
kernel_variant kernel_variant_of(std::string_view release);

}  // namespace drainlab::cli
