// Makes the time between a prepared switch and its queueing longer, with no module and no rebuilt kernel.
#pragma once

#include <cstdint>
#include <vector>

namespace drainlab::guest {

class channel;

/// While it lives, every return of inode_prepare_wbs_switch() takes `microseconds` longer: a BPF program that counts,
/// on a
/// kretprobe. The loop's length is measured first, on this machine. Gives up where the kernel does not take it.
class widened {
  public:
    widened(channel& out, std::uint64_t microseconds);
    ~widened();
    widened(const widened&) = delete;
    widened& operator=(const widened&) = delete;

  private:
    std::vector<int> fds_;
};

}  // namespace drainlab::guest
