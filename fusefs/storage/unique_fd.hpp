// A file descriptor with one owner.
#pragma once
#include "fusefs/os/unique_fd.hpp"

namespace drainlab::storage {

using os::unique_fd;

}  // namespace drainlab::storage
