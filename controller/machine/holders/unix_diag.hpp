// sock_diag(7) for Unix sockets: exact where /proc/net/unix has only the text that bind(2) was given.
#pragma once

#include "controller/machine/holders/parse.hpp"

#include <optional>

namespace drainlab::machine {

/// The sockets of our network namespace whose file lies on the device; nothing where the kernel does not tell
/// (CONFIG_UNIX_DIAG).
std::optional<std::vector<bound_socket>> bound_on(unsigned major, unsigned minor);

}  // namespace drainlab::machine
