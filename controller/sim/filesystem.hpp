// A filesystem whose store is a modelled device.
#pragma once
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/modelled_fs.hpp"
#include "fusefs/kernel/super.hpp"

namespace drainlab::sim {

using kernel::instant;
using kernel::nanoseconds;
using sched::task;

/// One disk: requests are transferred one after the other at `bytes_per_s`, each done `latency` after its transfer.
class device final : public kernel::modelled_device {
  public:
    device(sched::scheduler& sched, nanoseconds latency, std::uint64_t bytes_per_s = 0)
        : latency_{latency}, sched_{sched}, bytes_per_s_{bytes_per_s} {}
    task<int> write(std::size_t bytes) override;

  private:
    nanoseconds latency_;
    sched::scheduler& sched_;
    std::uint64_t bytes_per_s_;  ///< 0: no limit
    instant free_at_{};
};

/// What a mount on one device does for the modelled kernel: pages go to the device and are dropped, so that
/// the next writer is charged anew; the inode itself is in the journal (I_DIRTY_SYNC costs one more write).
class filesystem final : public kernel::modelled_fs {
  public:
    filesystem(kernel::host& h, const kernel::profile& p, std::uint64_t bytes_per_s = 0)
        : modelled_fs{written::drop, &device_, folios_a_request},
          device_{h.sched, p.device_latency, bytes_per_s},
          cpus_{h.cpus},
          page_{p.writeback_page} {}
    /// Spends the CPU time of the pages first. A single page that is asked for is an fsync's, whose CPU time is in the
    /// profile's sync_write.
    task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc) override;
    task<int> write_inode(kernel::inode& i, kernel::writeback_control& wbc) override;

    /// What sync_fs() spends: CPU time, set by whoever unmounts.
    task<int> sync_fs(kernel::super_block& sb, bool wait) override;

    static constexpr std::size_t folios_a_request =
        32;  ///< 128 KiB, so that small writes get in between (a disk's scheduler)

  private:
    device device_;
    kernel::machine& cpus_;
    nanoseconds page_;
};

/// overlayfs, all of whose data lies on its upper superblock: ovl_sync_fs() syncs that, whole, whoever dirtied it. With
/// the mount option volatile it does not. Left out: the lower layers, and the work of copying up.
class overlay final : public kernel::address_space_operations {
  public:
    overlay(std::shared_ptr<kernel::super_block> upper, bool is_volatile)
        : upper_{std::move(upper)}, volatile_{is_volatile} {}
    task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc) override;
    task<int> sync_fs(kernel::super_block& sb, bool wait) override;

  private:
    std::shared_ptr<kernel::super_block> upper_;
    bool volatile_;
};

}  // namespace drainlab::sim
