#include "fusefs/sched/search.hpp"

#include "fusefs/sched/scheduler.hpp"

#include <algorithm>
#include <string>

namespace drainlab::sched {

namespace {

schedule without_trailing_zeros(int preemptions, std::vector<std::uint32_t> taken) {
    while (!taken.empty() && taken.back() == 0) taken.pop_back();
    return {preemptions, std::move(taken)};
}

}  // namespace

std::uint32_t depth_first::decide(choice_kind, std::span<fiber* const>, std::uint32_t options) {
    if (depth_ == stack_.size()) {
        stack_.push_back({0, options, options});
        ++choice_points_;
        deepest_ = std::max(deepest_, stack_.size());
    } else if (stack_[depth_].options != options) {
        throw nondeterminism{"choice " + std::to_string(depth_) + " had " + std::to_string(stack_[depth_].options) +
                             " options and now has " + std::to_string(options)};
    }
    return stack_[depth_++].taken;
}

bool depth_first::next() {
    stack_.resize(depth_);
    depth_ = 0;
    while (!stack_.empty() && stack_.back().taken + 1 >= stack_.back().end) stack_.pop_back();
    if (stack_.empty()) return false;
    ++stack_.back().taken;
    return true;
}

schedule depth_first::taken(int preemptions) const {
    std::vector<std::uint32_t> all;
    for (std::size_t i = 0; i < depth_; ++i) all.push_back(stack_[i].taken);
    return without_trailing_zeros(preemptions, std::move(all));
}

std::optional<depth_first> depth_first::split() {
    const auto at = std::find_if(stack_.begin(), stack_.end(), [](const node& n) { return n.taken + 1 < n.end; });
    if (at == stack_.end()) return {};
    depth_first rest;
    rest.stack_.assign(stack_.begin(), at + 1);
    for (node& n : rest.stack_) n.end = n.taken + 1;
    rest.stack_.back() = {at->taken + 1, at->options, at->end};
    at->end = at->taken + 1;
    return rest;
}

std::vector<depth_first::branch> depth_first::branches() const {
    std::vector<branch> all;
    for (const node& n : stack_) all.push_back({n.taken, n.options});
    return all;
}

void depth_first::resume(const std::vector<branch>& branches) {
    stack_.clear();
    for (const branch& b : branches) stack_.push_back({b.taken, b.options, b.options});
    depth_ = 0;
}

double depth_first::explored() const {
    double done = 0, share = 1;
    for (const node& b : stack_) {
        share /= b.options;
        done += share * b.taken;
    }
    return done;
}

std::uint32_t replay::decide(choice_kind, std::span<fiber* const>, std::uint32_t options) {
    if (at_ >= schedule_.taken.size()) return 0;
    const std::uint32_t taken = schedule_.taken[at_++];
    if (taken >= options)
        throw nondeterminism{"choice " + std::to_string(at_ - 1) + " is " + std::to_string(taken) + " of " +
                             std::to_string(options) + " options: the schedule is of another world, policy or version"};
    return taken;
}

schedule recording_decider::taken(int preemptions) const { return without_trailing_zeros(preemptions, taken_); }

std::uint32_t random_walk::pick(choice_kind kind, std::span<fiber* const>, std::uint32_t options) {
    if (kind == choice_kind::preempt && random_.below(4) != 0) return 0;
    return static_cast<std::uint32_t>(random_.below(options));
}

pct::pct(std::uint64_t seed, int depth, std::size_t steps) : random_{seed}, depth_{depth}, steps_{steps} { begin(); }

void pct::begin() {
    recording_decider::begin();
    steps_ = std::max(steps_, at_);
    at_ = 0;
    changes_.clear();
    for (int i = 1; i < depth_; ++i) changes_.push_back(random_.below(steps_));
    priorities_.clear();
    lowest_ = 0;
}

std::int64_t pct::priority_of(const fiber* f) {
    const auto [at, fresh] = priorities_.try_emplace(f->id, 0);
    if (fresh) at->second = static_cast<std::int64_t>(random_.below(1u << 30)) + 1;
    return at->second;
}

std::uint32_t pct::pick(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) {
    const std::size_t now = at_++;
    if (kind == choice_kind::memory) return static_cast<std::uint32_t>(random_.below(options));
    if (options > candidates.size() && random_.below(4) == 0) return options - 1;  // the timer
    if (kind == choice_kind::preempt && std::find(changes_.begin(), changes_.end(), now) != changes_.end())
        priorities_[candidates[0]->id] = --lowest_;
    std::size_t best = 0;
    for (std::size_t i = 1; i < candidates.size(); ++i)
        if (priority_of(candidates[i]) > priority_of(candidates[best])) best = i;
    return static_cast<std::uint32_t>(best);
}

}  // namespace drainlab::sched
