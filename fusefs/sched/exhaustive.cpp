#include "fusefs/sched/exhaustive.hpp"

#include <algorithm>

namespace drainlab::sched {

namespace {
struct endless {};  // leaves a fiber that passes named points for ever without blocking
}  // namespace

exhaustive_scheduler::exhaustive_scheduler(decider& choices, exhaustive_options options)
    : choices_{choices},
      options_{options},
      buffers_{*this, choices},
      preemptions_left_{options.preemptions},
      timers_left_{options.timers} {
    if (options_.store_buffers) memory_ = &buffers_;
}

void exhaustive_scheduler::step(std::uint64_t what) noexcept {
    ++steps_;
    now_ += nanoseconds{1};
    hash_ = (hash_ ^ what) * 0x100000001b3u;
}

bool exhaustive_scheduler::timer_may_expire() {
    return timers_left_ > 0 && !calm_ && next_deadline() != instant::max();
}

void exhaustive_scheduler::expire_timer() {
    now_ = std::max(now_, next_deadline());
    fire_timers(now_);
}

/// Candidates in the order in which they run by default.
void exhaustive_scheduler::line_up(const std::deque<fiber*>& ready) {
    candidates_.insert(candidates_.end(), ready.begin(), ready.end());
    if (held_back_.empty()) return;
    const auto place = [&](const fiber* f) { return std::find(held_back_.begin(), held_back_.end(), f->id); };
    const auto first = candidates_.end() - static_cast<std::ptrdiff_t>(ready.size());
    std::stable_sort(first, candidates_.end(), [&](const fiber* a, const fiber* b) {
        const auto held_a = place(a), held_b = place(b);
        return (held_a == held_back_.end()) != (held_b == held_back_.end()) ? held_a == held_back_.end()
                                                                            : held_a < held_b;
    });
}

void exhaustive_scheduler::hold_back(const fiber& f) {
    release(f);
    held_back_.push_back(f.id);
}

void exhaustive_scheduler::release(const fiber& f) { std::erase(held_back_, f.id); }

std::size_t exhaustive_scheduler::choose(const std::deque<fiber*>& ready) {
    fiber* next = std::exchange(forced_, nullptr);
    while (!next) {
        const bool timer = timer_may_expire();
        const auto options = static_cast<std::uint32_t>(ready.size() + (timer ? 1 : 0));
        std::uint32_t taken = 0;
        candidates_.clear();
        line_up(ready);
        const bool free = !options_.delays || preemptions_left_ != 0;
        if (options > 1 && !calm_ && free) taken = choices_.decide(choice_kind::run, candidates_, options);
        if (options_.delays && taken > 0) {
            if (preemptions_left_ > 0) --preemptions_left_;
            for (std::uint32_t n = 0; n < taken && taken < ready.size(); ++n) hold_back(*candidates_[n]);
        }
        if (taken < ready.size()) {
            next = candidates_[taken];
            if (taken > 0) release(*next);
        } else {
            --timers_left_;
            expire_timer();
        }
    }
    step(next->id);
    spawned_ = std::max(spawned_, next->id);
    if (observer_) observer_->runs(*next);
    const auto at = std::find(ready.begin(), ready.end(), next);
    DRAINLAB_CHECK(at != ready.end());
    return static_cast<std::size_t>(at - ready.begin());
}

bool exhaustive_scheduler::preempt_here(point at, nanoseconds&) {
    if (steps_ >= options_.step_limit) throw endless{};
    const bool timer = timer_may_expire();
    const auto options = static_cast<std::uint32_t>(1 + ready().size() + (timer ? 1 : 0));
    std::uint32_t taken = 0;
    if (options > 1 && preemptions_left_ != 0 && !calm_) {
        candidates_.assign(1, current());
        line_up(ready());
        taken = choices_.decide(choice_kind::preempt, candidates_, options);
    }
    step(at.name.size() << 8 | taken);
    if (observer_) observer_->passes(*current(), at, taken > 0);
    if (taken == 0) return false;
    if (preemptions_left_ > 0) --preemptions_left_;
    if (options_.delays) hold_back(*current());
    if (taken <= ready().size()) {
        forced_ = candidates_[taken];
        release(*forced_);
    } else {  // the timer's interrupt, and the fiber that it wakes
        --timers_left_;
        expire_timer();
        forced_ = ready().back();
    }
    return true;
}

exhaustive_outcome exhaustive_scheduler::run() {
    for (;;) {
        if (steps_ >= options_.step_limit) return exhaustive_outcome::livelock;
        try {
            if (run_one()) continue;
        } catch (const endless&) { return exhaustive_outcome::livelock; }
        if (live_threads() == 0) return exhaustive_outcome::finished;
        if (next_deadline() == instant::max()) return exhaustive_outcome::deadlock;
        expire_timer();
    }
}

void exhaustive_scheduler::calm() {
    calm_ = true;
    buffers_.calm();
}

}  // namespace drainlab::sched
