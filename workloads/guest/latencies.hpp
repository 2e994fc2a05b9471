// How long the kernel's grace periods, barriers and unmounts take, asked for one by one from here.
#pragma once

#include "workloads/guest/causes.hpp"
#include "workloads/guest/system.hpp"
#include "workloads/guest/tracing.hpp"

namespace drainlab::guest {

/// Each asks `times` times, with a rest of random length between, and returns the lengths in ns.
class latencies {
  public:
    latencies(channel& out, part_probes& parts, std::uint64_t seed) : out_(out), parts_(parts), random_(seed) {}

    /// synchronize_rcu(), by membarrier(2). Nothing where the kernel has no such call.
    std::vector<std::int64_t> synchronize(int times);
    /// synchronize_rcu_expedited(), in the unmount of a tmpfs.
    std::vector<std::int64_t> expedited(int times);
    /// rcu_barrier(), in the removal of a module. Nothing where there is no module to remove.
    std::vector<std::int64_t> barrier(int times);
    struct unmounted {
        std::vector<std::int64_t> mount_ns, cpu_ns;
        std::vector<own_time> own;
    };
    /// umount(8) of an idle ext4.
    unmounted umounts(int times);

  private:
    void rest() { nap_us(20'000 + random_.below(20'000)); }
    channel& out_;
    part_probes& parts_;
    random_numbers random_;
};

}  // namespace drainlab::guest
