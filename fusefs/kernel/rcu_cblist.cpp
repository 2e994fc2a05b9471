#include "fusefs/kernel/rcu_cblist.hpp"

#include "fusefs/sched/check.hpp"

namespace drainlab::kernel {

bool rcu_cblist::entrain(callback cb) {
    if (entries_.empty()) return false;
    const bool numbered = !has_new();
    const bool done = done_ == entries_.size();
    entries_.push_back({std::move(cb), entries_.back().gp});
    if (numbered) ++numbered_;
    if (done) ++done_;
    return true;
}

bool rcu_cblist::accelerate(std::uint64_t gp) {
    if (!has_new()) return false;
    for (; numbered_ < entries_.size(); ++numbered_) entries_[numbered_].gp = gp;
    return true;
}

void rcu_cblist::advance(std::uint64_t completed) {
    while (done_ < numbered_ && entries_[done_].gp <= completed) ++done_;
}

rcu_cblist::callback rcu_cblist::pop() {
    DRAINLAB_CHECK(done_ > 0);
    callback cb = std::move(entries_.front().cb);
    entries_.pop_front();
    --done_;
    --numbered_;
    return cb;
}

}  // namespace drainlab::kernel
