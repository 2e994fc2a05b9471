// A filesystem whose store is a modelled device.
#pragma once
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::sim {

using kernel::instant;
using kernel::nanoseconds;
using sched::task;

/// One disk: requests are transferred one after the other at `bytes_per_s`, each done `latency` after its transfer.
class device {
  public:
    device(sched::scheduler& sched, nanoseconds latency, std::uint64_t bytes_per_s = 0)
        : latency_{latency}, sched_{sched}, bytes_per_s_{bytes_per_s} {}
    /// Returns when the device has it.
    task<> write(std::size_t bytes);

  private:
    nanoseconds latency_;
    sched::scheduler& sched_;
    std::uint64_t bytes_per_s_;  ///< 0: no limit
    instant free_at_{};
};

/// What a mount on one device does for the modelled kernel: pages go to the device and are dropped, so that the next writer
/// is charged anew; the inode itself is in the journal (I_DIRTY_SYNC costs one more write).
class filesystem final : public kernel::address_space_operations {
  public:
    filesystem(kernel::host& h, nanoseconds latency, std::uint64_t bytes_per_s = 0)
        : device_{h.sched, latency, bytes_per_s} {}
    task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc) override;
    task<int> write_inode(kernel::inode& i, kernel::writeback_control& wbc) override;

    /// What sync_fs() spends: CPU time, set by whoever unmounts.
    task<int> sync_fs(kernel::super_block& sb, bool wait) override;

    static constexpr std::size_t pages_a_request =
        32;  ///< 128 KiB, so that small writes get in between (a disk's scheduler)

  private:
    device device_;
};

}  // namespace drainlab::sim
