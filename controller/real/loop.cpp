#include "controller/real/loop.hpp"

#include "controller/machine/signals.hpp"

#include <boost/asio/post.hpp>

#include <csignal>

namespace drainlab::real {

using client::exit_code;
using client::failure;
using std::chrono::milliseconds;

loop::loop() : signals_{context_}, deadline_{context_} {
    for (const int s : machine::ending_signals()) signals_.add(s);
    await_signal();
}

void loop::await_signal() {
    signals_.async_wait([this](boost::system::error_code ec, int) {
        if (ec) return;
        stop({"interrupted", "interrupted; what was measured is kept", {}, exit_code::interrupted, 0});
        await_signal();
    });
}

void loop::limit(std::chrono::nanoseconds limit) {
    deadline_.expires_after(limit);
    deadline_.async_wait([this](boost::system::error_code ec) {
        if (!ec) stop({"timed_out", "the time limit of the run is over", {}, exit_code::timed_out, 0});
    });
}

void loop::stop(failure why) {
    if (!stopped_) stopped_ = std::move(why);
}

void loop::spawn(boost::asio::awaitable<void> work) {
    ++running_;
    boost::asio::co_spawn(context_, std::move(work), [this](std::exception_ptr) { --running_; });
}

failure loop::lost() {
    return {"stuck", "a cycle did not come to its end in time", "the daemon's log may say who waits for what",
            exit_code::broken, 0};
}

void loop::run_until(const bool& over, clock::time_point end, bool heed_stop) {
    if (context_.stopped()) context_.restart();
    while (!over && !(heed_stop && stopped_) && clock::now() < end) context_.run_one_until(end);
}

void loop::give_up(boost::asio::cancellation_signal& cancel, const bool& over) {
    stop(lost());
    // Inside of the context, so that Asio passes it on at once: queued, it would outlive the signal that owns it.
    bool emitted = false;
    boost::asio::post(context_, [&] {
        emitted = true;
        if (!over) cancel.emit(boost::asio::cancellation_type::terminal);
    });
    while (!emitted) context_.run_one();
    run_until(over, clock::now() + milliseconds(500), false);
    if (!over && free_the_stuck) free_the_stuck();
    run_until(over, clock::now() + milliseconds(5'000), false);
    if (!over) std::terminate();  // it refers to our frame: going on would be worse
}

void loop::linger(std::chrono::nanoseconds length, const std::function<bool()>& done) {
    const auto end = clock::now() + length;
    if (context_.stopped()) context_.restart();
    while (!done() && clock::now() < end) context_.run_one_until(end);
}

}  // namespace drainlab::real
