// Private to served_mounts*.cpp.
#pragma once
#include "fusefs/control/served_mounts.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace drainlab::control {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

/// A client's wait for a milestone of one mount, with its time.
struct served_mounts::waiter {
    waiter(asio::io_context& io, std::uint32_t mount, milestone what, std::function<void(bool)> d)
        : timer{io}, id{mount}, wanted{what}, done{std::move(d)} {}
    asio::steady_timer timer;
    std::uint32_t id;
    milestone wanted;
    std::function<void(bool)> done;
};

/// A stop under way.
struct served_mounts::stop_state {
    explicit stop_state(asio::io_context& io) : timer{io} {}
    asio::steady_timer timer;
    steady::time_point deadline, held_deadline;
    std::map<std::uint32_t, held_mount> held;
    std::size_t unmounting{};
    std::function<void()> done;
};

/// Where it is; where it was last, if it has no name any more.
std::string place_of(const served_mount& m);

}  // namespace drainlab::control
