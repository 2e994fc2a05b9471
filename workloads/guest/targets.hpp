// What is unmounted: idle or used ext4 on a RAM disk, tmpfs, an overlay on a busy ext4.
#pragma once

#include "workloads/guest/load.hpp"
#include "workloads/guest/parameters.hpp"
#include "workloads/guest/system.hpp"

#include <string>
#include <vector>

namespace drainlab::guest {

class channel;

/// Mounts the targets of one round and writes what must be there before; their directories.
std::vector<std::string> mount_targets(channel& out, const scenario_order& s);

/// What must happen right before the unmount: a target's own load ends, a container's cgroup goes, or just some time
/// passes.
/// Nothing may come between this and the unmount, so everything else is ready by then.
class last_moment {
  public:
    last_moment(channel& out, const scenario_order& s, const load_shape& shape, std::uint64_t seed)
        : out_(out), s_(s), shape_(shape), random_(seed) {}
    void pass(const std::vector<std::string>& dirs);
    /// From now on a container's cgroup goes, and the unmount follows, as `aim` says.
    void aim_with(class aim& a) { aim_ = &a; }

  private:
    channel& out_;
    const scenario_order& s_;
    load_shape shape_;
    random_numbers random_;
    class aim* aim_ = nullptr;
};

/// Where busy superblock `i` is mounted.
std::string burner_dir(int i);

}  // namespace drainlab::guest
