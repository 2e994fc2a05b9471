// What `umount` and `detach` do.
#pragma once

#include "controller/cli/command.hpp"

namespace drainlab::cli {

struct umount_options {
    std::string dir, socket;
    bool lazy = false, force = false, wait = false, json = false;
    duration retry{0}, timeout{std::chrono::seconds(60)};
};

/// The options both have.
void declare_umount_options(command& c, umount_options& o);

result<exit_code> run_umount(umount_options& o);

}  // namespace drainlab::cli
