// Handing an open file to another process.
#pragma once
#include "fusefs/os/unique_fd.hpp"

namespace drainlab::os {

/// Sends `fd` over the Unix socket; it stays ours. -1 sends a message without. False if the other side is gone.
bool send_fd(int socket, int fd);
/// The descriptor that the other side sends, close-on-exec; none if it went away without. Waits.
unique_fd receive_fd(int socket);
/// Whether a message came, and what it brought. Waits.
bool receive(int socket, unique_fd& brought);

}  // namespace drainlab::os
