// What a mount was asked for, as `mount -o` takes it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace drainlab::cli {

/// `policy=persb,profile=zero,umount_delay=2s,store=/srv/vol,nosuid`, of MOUNT (docs/api.md): a mount
/// made with this has the same settings as far as -o can say them. What is as it is without being
/// asked for is left out, but for policy and profile. A value with a comma stands in double quotes.
std::string mount_text(const nlohmann::json& mount);

}  // namespace drainlab::cli
