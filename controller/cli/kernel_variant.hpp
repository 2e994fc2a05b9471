// Which of the drain policies the machine's own kernel uses, as far as its version tells.
#pragma once

#include "workloads/guest/policy_seen.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::cli {

/// What a release ("6.18.44-generic") says about cgroup_writeback_umount() in it.
struct kernel_variant {
    std::vector<std::string> candidates;  ///< policies of ours, the likeliest first; empty when it says nothing
    std::string note;                     ///< why, and how sure, in a sentence or two
    std::string seen{};                   ///< where it was seen: "machine code", "BTF"; empty: told by the number alone
};

/// By version number only: the mainline history of fs/fs-writeback.c and the stable releases that took the 2026
/// fix. Vendors port fixes without changing the number, so this is never a certainty, and the note says so.
kernel_variant kernel_variant_of(std::string_view release);

/// What can be seen of a kernel from inside it.
struct kernel_evidence {
    std::optional<guest::policy_verdict> code;  ///< by its call targets; root, where /proc/kcore can be read
    std::string no_code;                        ///< why there is none
    /// Whether BTF knows super_block::s_isw_nr_in_flight, which persb brought; nothing where there is no BTF.
    std::optional<bool> btf_counter;
};
/// Of the running kernel.
kernel_evidence look_at_kernel();

/// What the number says, corrected by what was seen.
kernel_variant corrected(kernel_variant by_number, const kernel_evidence& seen);

}  // namespace drainlab::cli
