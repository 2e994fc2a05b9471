#include "controller/churn/tally.hpp"

#include <utility>

namespace drainlab::churn {

void moments::thin() {
    std::vector<moment> kept;
    for (std::size_t i = 0; i < all_.size(); i += 2) kept.push_back(all_[i]);
    all_ = std::move(kept);
    one_in_ *= 2;
}

void moments::add(const moment& m) {
    open_ = seen_ % one_in_ == 0;
    if (open_ && all_.size() >= room_) {
        thin();
        open_ = seen_ % one_in_ == 0;
    }
    ++seen_;
    if (open_) all_.push_back(m);
}

void moments::last_died_at(std::int64_t now) {
    if (!std::exchange(open_, false)) return;
    all_.back().dead = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now - all_.back().called));
}

void moments::merge(const moments& other) {
    moments more = other;
    while (more.one_in_ < one_in_) more.thin();
    while (one_in_ < more.one_in_) thin();
    all_.insert(all_.end(), more.all_.begin(), more.all_.end());
    std::stable_sort(all_.begin(), all_.end(), [](const moment& a, const moment& b) { return a.called < b.called; });
}

std::uint64_t tally::cycles() const {
    std::uint64_t all = 0;
    for (const auto& a : actions) all += a.cycles;
    return all;
}

void tally::merge(const tally& other) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
        actions[i].cycles += other.actions[i].cycles;
        actions[i].held += other.actions[i].held;
        actions[i].busy += other.actions[i].busy;
        actions[i].ns.merge(other.actions[i].ns);
    }
    unmounts.merge(other.unmounts);
    interrupted += other.interrupted;
    holders_killed += other.holders_killed;
    passers_by += other.passers_by;
    names_taken += other.names_taken;
    bytes_verified += other.bytes_verified;
    violations.insert(violations.end(), other.violations.begin(), other.violations.end());
}

}  // namespace drainlab::churn
