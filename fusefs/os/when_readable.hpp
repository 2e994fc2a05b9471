// Waiting on the loop for something to read.
#pragma once
#include "fusefs/os/readable.hpp"

#include <utility>

namespace drainlab::os {

/// Calls `then` once what `look_up` gives has something to read, or is at its end; it is asked whether
/// that is true, not Asio alone (see readable()). Never, where the wait is cancelled or fails.
/// `look_up` gives a pointer to an asio::posix::stream_descriptor, or to a socket; null: its owner is
/// gone, and nothing is called. It is called before each wait and after it. Thread: the loop's.
template <class LookUp, class Then>
void when_readable(LookUp look_up, Then then) {
    auto* const waited_for = look_up();
    if (!waited_for) return;
    waited_for->async_wait(waited_for->wait_read,
                           [look_up = std::move(look_up), then = std::move(then)](const auto& error) mutable {
                               if (error) return;
                               auto* const ready = look_up();
                               if (!ready) return;
                               if (!readable(ready->native_handle()))
                                   return when_readable(std::move(look_up), std::move(then));
                               then();
                           });
}

}  // namespace drainlab::os
