#include "fusefs/control/loop_lag.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <utility>

namespace drainlab::control {

namespace {
constexpr auto interval = std::chrono::milliseconds{20};
constexpr auto measured_for = std::chrono::minutes{1};
}  // namespace

lag_summary summary_of(const lag_histogram& h) noexcept {
    const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1000.0; };
    return {us(h.quantile(0.5)), us(h.quantile(0.99)), us(h.max_ns())};
}

struct loop_lag::state {
    explicit state(boost::asio::io_context& io) : timer{io} {}
    boost::asio::steady_timer timer;
    lag_histogram all, taken;
    std::chrono::steady_clock::time_point until{};
    bool ended{false}, running{false};
};

loop_lag::loop_lag(boost::asio::io_context& io) : state_{std::make_shared<state>(io)} { wanted(); }

void loop_lag::wanted() {
    state_->until = std::chrono::steady_clock::now() + measured_for;
    if (!std::exchange(state_->running, true)) measure(state_);
}

loop_lag::~loop_lag() {
    state_->ended = true;
    state_->timer.cancel();
}

void loop_lag::measure(std::shared_ptr<state> s) {
    s->timer.expires_after(interval);
    s->timer.async_wait([s](const boost::system::error_code& error) {
        if (error || s->ended) return;
        const auto late = std::chrono::steady_clock::now() - s->timer.expiry();
        const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(late).count();
        s->all.record(ns);
        s->taken.record(ns);
        if (s->timer.expiry() < s->until)
            measure(s);
        else
            s->running = false;
    });
}

const lag_histogram& loop_lag::since_start() const noexcept { return state_->all; }
lag_histogram loop_lag::take() { return std::exchange(state_->taken, {}); }

}  // namespace drainlab::control
