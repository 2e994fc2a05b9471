// Boots the kernels of a run, one guest at a time, and makes one result of what they say.
#pragma once

#include "controller/lab/kernel.hpp"
#include "controller/lab/plan.hpp"
#include "controller/lab/qemu.hpp"
#include "controller/lab/tally.hpp"
#include "controller/result/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::lab {

/// What a run is to do: which kernels, what each guest is told, how often, in which kind of machine.
struct experiment_order {
    std::vector<kernel_image> kernels;
    guest::parameters told;  ///< scenarios without their samples
    int samples = 20;
    int per_boot = 10;
    std::uint64_t seed = 1;
    int cpus = 4;
    std::optional<int> hz_expected;  ///< a kernel that ticks otherwise is refused
    accelerator accel = accelerator::icount;
    bool try_kvm = false;  ///< KVM instead, as soon as a guest has said hello through it
    qemu emulator;
    std::string scratch;  ///< a folder of ours: initramfs, consoles
};

/// What is under way, for whoever watches.
struct boot_progress {
    std::size_t boot = 0, boots = 0;
    std::string kernel, scenario;
    int samples = 0;
};

/// What came of it, also of one that failed or was stopped on its way.
struct experiment_end {
    std::vector<kernel_tally> kernels;
    accelerator accel = accelerator::icount;  ///< what it was run with
    bool complete = false;
    /// A guest's failure (its exit code is 125, which `git bisect run` takes for "cannot be tested"), or a stop (130).
    std::optional<client::failure> why;
};

/// Exit code of a kernel that does not boot, hangs or lacks something: it says nothing about what was asked.
inline constexpr auto untestable = static_cast<client::exit_code>(125);

/// Runs it all. A kernel that fails is left out from then on; the others go on.
client::result<experiment_end> run_experiment(experiment_order order,
                                              const std::function<void(const boot_progress&)>& show,
                                              const std::function<bool()>& stop);

/// The result: a row per kernel in each scenario. A row is called by the kernel's label, else by its policy, else,
/// where several have the same policy, by both.
report::result result_of(const experiment_order& order, const experiment_end& end);

}  // namespace drainlab::lab
