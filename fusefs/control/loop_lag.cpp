#include "fusefs/control/loop_lag.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

namespace drainlab::control {

namespace {
constexpr auto interval = std::chrono::milliseconds{20};
constexpr auto measured_for = std::chrono::minutes{1};
}  // namespace

std::size_t lag_histogram::bucket_of(std::uint64_t ns) noexcept {
    if (ns < 8) return ns;
    const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;  // >= 3
    return std::min<std::size_t>((octave - 2) * 8 + ((ns >> (octave - 3)) & 7), 8 * 48 - 1);
}

double lag_histogram::top_of(std::size_t bucket) noexcept {
    if (bucket < 8) return static_cast<double>(bucket);
    const std::size_t octave = bucket / 8 + 2;
    return static_cast<double>(((8 + bucket % 8 + 1) << (octave - 3)) - 1);
}

void lag_histogram::add(std::int64_t ns) noexcept {
    ns = std::max<std::int64_t>(ns, 0);
    ++buckets_[bucket_of(static_cast<std::uint64_t>(ns))];
    ++count_;
    max_ns_ = std::max(max_ns_, ns);
}

lag_summary lag_histogram::summary() const noexcept {
    const auto quantile = [this](double q) {
        const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i)
            if ((seen += buckets_[i]) > wanted) return std::min(top_of(i), static_cast<double>(max_ns_)) / 1000.0;
        return static_cast<double>(max_ns_) / 1000.0;
    };
    if (count_ == 0) return {};
    return {quantile(0.5), quantile(0.99), static_cast<double>(max_ns_) / 1000.0};
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
        s->all.add(ns);
        s->taken.add(ns);
        if (s->timer.expiry() < s->until)
            measure(s);
        else
            s->running = false;
    });
}

const lag_histogram& loop_lag::since_start() const noexcept { return state_->all; }
const lag_histogram& loop_lag::since_take() const noexcept { return state_->taken; }
lag_histogram loop_lag::take() { return std::exchange(state_->taken, {}); }

}  // namespace drainlab::control
