// One Asio loop, run on demand, that stops for signals, deadlines and deaths.
#pragma once

#include "controller/client/failure.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace drainlab::real {

/// Runs one coroutine at a time to its end, unless something says stop: SIGINT, SIGTERM or SIGHUP (exit 130), the run's
/// time limit (exit 124), or whoever calls stop(). Other coroutines may be spawned beside; they run meanwhile.
///
/// Thread: one. From its making on the signals belong to it.
class loop {
  public:
    using clock = std::chrono::steady_clock;

    loop();
    boost::asio::any_io_executor executor() { return context_.get_executor(); }

    /// The whole run ends `limit` from now.
    void limit(std::chrono::nanoseconds limit);
    /// Ends what runs, and everything that is driven from now on, with this failure. The first one stays.
    void stop(client::failure why);
    const std::optional<client::failure>& stopped() const noexcept { return stopped_; }

    /// Runs `work` to its end, at most `limit`. When stopped, cancels it and gives it a moment to unwind; then it fails
    /// with the reason of the stop, unless it came to a good end all the same.
    template <class T>
    client::result<T> drive(boost::asio::awaitable<client::result<T>> work, std::chrono::nanoseconds limit) {
        if (stopped_) return *stopped_;
        std::optional<client::result<T>> outcome;
        bool over = false;
        boost::asio::cancellation_signal cancel;
        boost::asio::co_spawn(
            context_, keep(std::move(work), outcome),
            boost::asio::bind_cancellation_slot(cancel.slot(), [&over](std::exception_ptr) { over = true; }));
        run_until(over, clock::now() + limit, true);
        if (!over) give_up(cancel, over);
        if (outcome && (*outcome || !stopped_)) return std::move(*outcome);
        return stopped_.value_or(lost());
    }

    /// Starts a coroutine that runs beside the driven one, whenever the loop runs. What it throws is dropped.
    void spawn(boost::asio::awaitable<void> work);
    /// Whether all that was spawned has ended. The loop must not die before: its frames hold descriptors and timers.
    bool idle() const noexcept { return running_ == 0; }
    /// Runs whatever is spawned for `length`, stopped or not, or until `done`.
    void linger(std::chrono::nanoseconds length, const std::function<bool()>& done);
    /// Called when a driven coroutine does not end although cancelled: must free whoever is stuck.
    std::function<void()> free_the_stuck;

  private:
    template <class T>
    static boost::asio::awaitable<void> keep(boost::asio::awaitable<client::result<T>> work,
                                             std::optional<client::result<T>>& into) {
        into.emplace(co_await std::move(work));
    }
    static client::failure lost();
    void run_until(const bool& over, clock::time_point end, bool heed_stop);
    void give_up(boost::asio::cancellation_signal& cancel, const bool& over);
    void await_signal();

    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer deadline_;
    std::optional<client::failure> stopped_;
    int running_ = 0;
};

}  // namespace drainlab::real
