// `hold --by drain`: a drain that takes longer.
#pragma once

#include "controller/cli/command.hpp"

namespace drainlab::cli {

/// The options of `drainctl hold`, of all kinds.
struct hold_options {
    std::string dir, by, socket;
    std::optional<duration> length;
    bool every = false, clear = false, force = false, detach = false, json = false;
};

/// More than the cap would make the kernel complain about a hung task, or worse.
result<void> check_hold_drain(const hold_options& o);
/// Arms (or with --clear disarms) the daemon's delay of the next drain and returns.
result<exit_code> hold_drain(const hold_options& o);

}  // namespace drainlab::cli
