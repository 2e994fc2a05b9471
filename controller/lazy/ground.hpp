// Where the demonstration and the bench take place.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace drainlab::lazy {

/// A daemon, room for its mounts, and time.
struct ground {
    std::string socket;  ///< of the daemon
    std::string base;    ///< a directory of ours: mount points and stores are made in it
    /// Lets that much time pass, in the calling thread.
    std::function<void(std::chrono::nanoseconds)> pause = [](auto length) { std::this_thread::sleep_for(length); };
};

}  // namespace drainlab::lazy
