// What `umount` and `detach` do.
#pragma once

#include "controller/cli/command.hpp"

namespace drainlab::cli {

/// The options of `umount` and `detach`.
struct umount_options {
    std::string dir, socket;
    bool lazy = false, force = false, wait = false, json = false, if_mounted = false;
    duration retry{0}, timeout{std::chrono::seconds(60)};
};

/// The options both have.
void declare_umount_options(command& c, umount_options& o);

/// Unmounts in a child and waits as far as the options say. Exit 16 busy (with the holders), 124 after --timeout
/// (with the phase reached).
result<exit_code> run_umount(umount_options& o);

}  // namespace drainlab::cli
