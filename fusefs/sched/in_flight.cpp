#include "fusefs/sched/in_flight.hpp"

namespace drainlab::sched {

in_flight::~in_flight() { DRAINLAB_CHECK(state_->count == 0 || state_->abandoned); }

void in_flight::hold::release() noexcept {
    const auto of = std::move(of_);
    if (!of) return;
    DRAINLAB_CHECK(of->count > 0);
    if (--of->count == 0) of->empty();
}

void in_flight::state::empty() {
    if (waits) waits->wake_all(this);
    if (const auto tell = std::exchange(when_empty, nullptr)) tell();
}

in_flight::hold in_flight::enter() {
    DRAINLAB_CHECK(!state_->closed);
    return hold{state_};
}

in_flight::hold in_flight::try_enter() { return state_->closed ? hold{} : hold{state_}; }

void in_flight::close(std::function<void()> then) {
    state_->closed = true;
    if (!then) return;
    if (state_->count == 0) return then();
    state_->when_empty = std::move(then);
}

task<bool> in_flight::close(scheduler& sched, instant deadline) {
    state_->closed = true;
    return empty(sched, deadline);
}

task<bool> in_flight::empty(scheduler& sched, instant deadline) {
    struct waiting {  // also when the fiber is dropped
        explicit waiting(std::shared_ptr<state> s, scheduler& by) : of{std::move(s)} { of->waits = &by; }
        ~waiting() { of->waits = nullptr; }
        std::shared_ptr<state> of;
    };
    DRAINLAB_CHECK(!state_->waits);
    const waiting w{state_, sched};
    while (w.of->count > 0) {
        if (w.of->abandoned || sched.now() >= deadline) co_return false;
        co_await sched.wait_on(w.of.get(), "work in flight", deadline);
    }
    co_return true;
}

void in_flight::abandon() noexcept {
    state_->closed = state_->abandoned = true;
    state_->empty();
}

}  // namespace drainlab::sched
