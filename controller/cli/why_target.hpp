// What `why` is asked about: a mount of any kind, or a superblock that has lost its name.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/waits/tasks.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::cli {

/// What find_why_target() found.
struct why_target {
    std::string dir;                           ///< its mount point, also a former one; "" if it has none that we know
    std::optional<machine::mount_line> mount;  ///< while it has a name in our mount namespace
    std::optional<std::pair<unsigned, unsigned>> device;
    std::string fstype;     ///< "" where not known
    nlohmann::json daemon;  ///< the MOUNT of our daemon, null if it has none such
};

/// By path, name, device (`8:1`, `/dev/sda1`); `name:`, `id:` and `dev:` force. Looks at the kernel's tables only, so
/// it never waits for the mount in question; symbolic links are followed by a child with a deadline, and only when
/// nothing else fits. `unmounting`: who unmounts now.
result<why_target> find_why_target(const std::string& asked, const std::string& socket,
                                   const std::vector<machine::kernel_task>& unmounting);

}  // namespace drainlab::cli
