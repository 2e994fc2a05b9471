#include "fusefs/fuse/interrupts.hpp"

#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/request.hpp"
#include "fusefs/storage/store_calls.hpp"

#include <algorithm>
#include <csignal>

namespace drainlab::fuse {

using namespace std::chrono_literals;

namespace {

constexpr auto stuck_after = 1s;
constexpr auto look_again_after = 100ms;

constexpr std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal - 1); }

}  // namespace

bool interrupts::answers(std::uint64_t pending, sched::nanoseconds waited) noexcept {
    if (pending & bit(SIGKILL)) return true;
    return waited >= stuck_after && (pending & (bit(SIGHUP) | bit(SIGINT) | bit(SIGQUIT) | bit(SIGTERM)));
}

void interrupts::arrived(request& r) {
    entries_.push_back({&r, sched_.now(), false});
    look(entries_.back());
    if (entries_.back().answered || std::exchange(watching_, true)) return;
    sched_.spawn("interrupts", watch(*this, alive_), sched::fiber_kind::service);
}

void interrupts::look(entry& e) {
    if (e.answered || e.r->answered()) return;
    const auto waited = sched_.now() - e.since;
    const pid_t tid = e.r->caller().pid;
    const auto pending = tid ? pending_signals_of(tid) : std::nullopt;
    // Of a caller outside of our pid namespace nothing is known.
    if (!answers(pending.value_or(bit(SIGINT)), waited)) return;
    e.answered = true;
    ++gone_;
    e.r->error(EINTR);
    calls_.withdraw(e.r->worker());
}

sched::task<> interrupts::watch(interrupts& all, std::shared_ptr<bool> alive) {
    for (;;) {
        co_await all.sched_.sleep_for(look_again_after, "interrupted requests");
        if (!*alive) co_return;
        bool more = false;
        for (entry& e : all.entries_) {
            all.look(e);
            more |= !e.answered && !e.r->answered();
        }
        if (more) continue;
        all.watching_ = false;
        co_return;
    }
}

void interrupts::over(const request& r) {
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const entry& e) { return e.r == &r; });
    if (at == entries_.end()) return;
    const bool was_gone = at->answered;
    entries_.erase(at);
    if (!was_gone || --gone_ > 0) return;
    for (auto& what : std::exchange(kept_back_, {})) what();
}

}  // namespace drainlab::fuse
