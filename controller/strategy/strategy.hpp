// What users do when they want a mount to go: the ways of container runtimes and service managers.
#pragma once

#include "controller/strategy/backoff.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::strategy {

/// The ways.
enum class kind {
    sync,        ///< umount2(0) once
    lazy,        ///< umount2(MNT_DETACH)
    retry,       ///< umount2(0), again after a pause while it says EBUSY; then what `last_resort` says
    async_pool,  ///< handed to worker threads, which do as `retry` does; the caller goes on at once
};

/// What `retry` does after its last try.
enum class last_resort { lazy, fail };

/// The pauses of `retry`, and what it does when it gives up.
struct recipe {
    backoff pauses;
    last_resort then = last_resort::lazy;
};

/// sync, lazy, retry, async-pool.
std::vector<std::string> kind_names();
/// Its word.
std::string_view name_of(kind k);
/// Nothing for a word that is none.
std::optional<kind> kind_named(std::string_view name);

/// One mount point to leave. Its calls block.
class target {
  public:
    virtual ~target() = default;
    /// umount2(2): 0 or errno.
    virtual int unmount(bool lazily) = 0;
    virtual void pause(std::chrono::nanoseconds length) = 0;
};

/// How an unmount went.
struct attempt {
    int error = 0;           ///< of the last call; 0: the name is gone
    int tries = 0;           ///< calls of umount2(2)
    bool fell_back = false;  ///< detached lazily after the last try of `retry`
    bool done() const noexcept { return error == 0; }
};

/// Does it; for async_pool, what a worker does. Another error than EBUSY ends the tries.
attempt unmount_by(kind k, const recipe& r, target& t);

}  // namespace drainlab::strategy
