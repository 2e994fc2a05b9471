// What ends the daemon, and how it ends: see ending.hpp.
#include "fusefs/control/daemon_parts.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/os/when_readable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <signal.h>

namespace drainlab::control {

using namespace std::chrono_literals;

namespace {

/// How long the dirty data of all mounts has to reach its stores at the end.
constexpr auto flush_limit = 4s;

}  // namespace

daemon::~daemon() { say_goodbye(); }

/// From the first moment on; what comes before the loop runs is heard when it does.
void daemon::watch_signals() {
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        if (signals_.add(number, ignored_); ignored_)
            spdlog::warn("signal {} is not heard: {}", number, ignored_.message());
    wait_for_signal();
}

void daemon::wait_for_signal() {
    signals_.async_wait([this](error_code error, int number) {
        if (error) return;
        take(number == SIGTERM  ? ending_event::sigterm
             : number == SIGINT ? ending_event::sigint
                                : ending_event::sighup);
        wait_for_signal();
    });
}

void daemon::watch_lifeline() {
    if (settings_.lifeline < 0) return;
    fcntl(settings_.lifeline, F_SETFD, FD_CLOEXEC);
    lifeline_.assign(settings_.lifeline);
    wait_for_lifeline();
}

void daemon::wait_for_lifeline() {
    os::when_readable([this] { return &lifeline_; },
                      [this] {
                          char byte;
                          if (read(lifeline_.native_handle(), &byte, 1) > 0) return wait_for_lifeline();
                          take(ending_event::lifeline);
                      });
}

void daemon::on_empty() {
    if (settings_.linger.count() == 0 || mounts_->stopping()) return;
    linger_.expires_after(settings_.linger);
    linger_.async_wait([this](error_code error) {
        if (!error && mounts_->idle()) take(ending_event::idle);
    });
}

/// A daemon that was started and then forgotten ends as well.
void daemon::end_unless_used() {
    if (settings_.linger.count() == 0) return;
    linger_.expires_after(std::max<std::chrono::milliseconds>(settings_.linger, 30s));
    linger_.async_wait([this](error_code error) {
        if (!error && mounts_->idle()) take(ending_event::idle);
    });
}

void daemon::take(ending_event e) { take(e, settings_.drain_limit + 5s); }

/// `drains_may_take`: if this begins the end.
void daemon::take(ending_event e, milliseconds drains_may_take) {
    switch (ending_.take(e)) {
        case ending_action::none:
        case ending_action::refuse: return;
        case ending_action::drain:
            spdlog::info("{}: unmounting {} mounts", to_string(e), mounts_->living().size());
            return mounts_->stop(drains_may_take, [this] { take(ending_event::drained); });
        case ending_action::flush:
            if (e != ending_event::drained) {
                spdlog::warn("{}: no drain is waited for any longer", to_string(e));
                if (!mounts_->living().empty()) exit_code_ = 1;
            }
            return mounts_->flush(flush_limit, [this] { take(ending_event::flushed); });
        case ending_action::finish: return finish();
    }
}

bool daemon::stop_asked(milliseconds timeout, std::function<void(const api::stop_outcome&)> answer) {
    if (on(ending_.state(), ending_event::stop_request).action == ending_action::refuse) return false;
    stop_answer_ = std::move(answer);
    take(ending_event::stop_request, timeout);
    return true;
}

void daemon::say_lost(const std::vector<lost_file>& lost) {
    for (const auto& l : lost)
        spdlog::error("lost: {} bytes of {}{} ({}): its store does not have them", l.bytes, os::to_printable(l.dir),
                      os::to_printable(l.path), os::to_printable(l.mount));
    if (!lost.empty()) exit_code_ = 1;
}

/// All that could be done was done: says so, and lets the loop end.
void daemon::finish() {
    const auto held = mounts_->held();
    bool left = false;  // then the record stays as well, for `drainctl clean`
    for (const auto& h : held) {
        left = left || !h.why_left.empty();
        spdlog::warn("{} ({}) {}; who uses it gets ENOTCONN", os::to_printable(h.dir), os::to_printable(h.name),
                     !h.why_left.empty() ? "stays in the name space: " + h.why_left
                     : h.draining        ? "was still in its drain"
                                         : "was held: detached");
    }
    if (!held.empty() || !host_->violations.empty()) exit_code_ = 1;
    if (stop_answer_) std::exchange(stop_answer_, nullptr)({held, mounts_->unwritten()});
    mounts_->close();
    if (!record_->close(
            [dir = socket_dir_.get(), socket = settings_.socket, left] { remove_control_socket(dir, socket, left); }))
        spdlog::error("the file system of {} does not answer: the socket and the record stay there", settings_.socket);
    owns_socket_ = false;
    server_->close();
    // The last answer is still on its way to its client.
    linger_.expires_after(20ms);
    linger_.async_wait([this](error_code) { io_.stop(); });
}

/// Connections first: from then on nobody is told anything. What is not written now is lost, and named. The rest goes
/// in the order in which the members depend on each other. A second call does nothing.
void daemon::say_goodbye() noexcept {
    server_.reset();
    if (!mounts_ || std::exchange(gone_, true)) return;
    mounts_->abandon_all();
    try {
        say_lost(mounts_->unwritten());
    } catch (...) { exit_code_ = 1; }
}

}  // namespace drainlab::control
