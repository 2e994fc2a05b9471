// The kinds that take more than a line; for kinds.cpp. Each is 0 or errno, with `step` naming what failed.
#pragma once

#include "controller/hold/kinds.hpp"
#include "fusefs/os/unique_fd.hpp"

namespace drainlab::hold {

/// errno, after noting in `step` what failed.
int failed(std::string& step, std::string what);
/// The first entry of `dir` of this type (DT_REG, DT_DIR), or "".
std::string first_entry(const std::string& dir, unsigned char type);
/// A file of at least a page in `dir`: a nameless one if we may write there, else one that is there, read-only. None:
/// see errno.
os::unique_fd some_file(const std::string& dir, std::string& step);

/// What holds is this process.
int take_by(traces& left, std::string& step, machine::result<machine::child> process);

/// Binds a socket in `dir`, which is removed with the process.
int take_unix_socket(const std::string& dir, std::string& step);
/// A loop device on a file of `dir`; root only.
int take_loop(const std::string& dir, traces& left, std::string& step);
/// An overlay in `scratch` whose lower layer is `dir`.
int take_overlay(const std::string& dir, const std::string& scratch, traces& left, std::string& step);
/// A file of `dir` registered with a ring; ENOSYS or EPERM where rings are not allowed.
int take_io_uring(const std::string& dir, std::string& step);
/// A child between fork and exec, which has a close-on-exec descriptor of `dir`.
int take_fork_race(const std::string& dir, traces& left, std::string& step);

}  // namespace drainlab::hold
