// A file descriptor with one owner, or with several.
#pragma once
#include "fusefs/os/unique_fd.hpp"

#include <memory>

namespace drainlab::storage {

using os::unique_fd;

/// A descriptor that a job on another thread may still be using when its owner has let go of it.
using shared_fd = std::shared_ptr<unique_fd>;

}  // namespace drainlab::storage
