// Holders in the answers of commands.
#pragma once

#include "controller/machine/holders/holder.hpp"

#include <nlohmann/json_fwd.hpp>

namespace drainlab::cli {

/// `[{"pid","comm","kind","path","mntns","blocks_umount","detail"}]`, as in drainlab.umount/1 and drainlab.why/1.
nlohmann::json holders_document(const machine::holders_found& found);
/// `[{"kind","what","shows"}]`: what may hold and cannot be seen from here.
nlohmann::json unseen_document(const machine::holders_found& found);

}  // namespace drainlab::cli
