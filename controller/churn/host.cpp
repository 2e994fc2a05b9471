#include "controller/churn/host.hpp"

#include "controller/churn/leftovers.hpp"
#include "controller/client/client.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace drainlab::churn {

using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr auto stop_limit = 20s;
constexpr auto settling = 10s;  ///< what a lazily detached mount left behind may still be on its way

}  // namespace

client::result<std::unique_ptr<host>> host::start(daemons::daemon_options options) {
    auto h = std::make_unique<host>();
    h->options_ = std::move(options);
    BOOST_OUTCOME_TRYV(h->bring_up());
    return h;
}

std::string host::socket() const {
    const std::lock_guard held(mutex_);
    return socket_;
}

client::result<void> host::bring_up() {
    daemon_.reset();  // reaps the old one, removes what it left
    BOOST_OUTCOME_TRY(auto next, daemons::private_daemon::start(options_));
    daemon_ = std::make_unique<daemons::private_daemon>(std::move(next));
    const auto health = client::blocking_client{daemon_->socket()}.get("/health");
    const auto gate = health ? health.value().value("gate_pid", json()) : json();
    gate_ = gate.is_number() ? gate.get<pid_t>() : 0;
    at_first_ = open_descriptors();  // nobody else knows the socket yet
    const std::lock_guard held(mutex_);
    socket_ = daemon_->socket();
    return client::success();
}

client::result<void> host::replace(yard& y) {
    note_violations();
    ++y.epoch;
    y.daemon_up = false;
    daemon_->kill();
    auto done = bring_up();
    ++y.epoch;  // also for the cycles that were begun meanwhile
    y.daemon_up = true;
    return done;
}

void host::note_violations() {
    const auto counters = client::blocking_client{socket()}.post("/counters/take", json::object(), 5000ms);
    if (!counters) return;
    for (const auto& v : counters.value().value("violations", json::array()))
        violations.push_back(v.value("message", "?"));
}

int host::open_descriptors() const {
    constexpr int remembered = 128;  // 64 callers, and the gate's threads
    return descriptors_of(std::to_string(daemon_->pid()), remembered) +
           (gate_ > 0 ? descriptors_of(std::to_string(gate_)) : 0);
}

int host::descriptors_left() const {
    if (!daemon_) return 0;
    const auto until = std::chrono::steady_clock::now() + settling;
    int more = open_descriptors() - at_first_;
    while (more > 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(50ms);
        more = open_descriptors() - at_first_;
    }
    return std::max(0, more);
}

void host::stop() {
    if (daemon_) [[maybe_unused]]
        const auto status = daemon_->stop(std::chrono::duration_cast<std::chrono::milliseconds>(stop_limit));
    daemon_.reset();
}

}  // namespace drainlab::churn
