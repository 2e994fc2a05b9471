#include "controller/churn/tally.hpp"

namespace drainlab::churn {

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
    interrupted += other.interrupted;
    holders_killed += other.holders_killed;
    passers_by += other.passers_by;
    names_taken += other.names_taken;
    bytes_verified += other.bytes_verified;
    violations.insert(violations.end(), other.violations.begin(), other.violations.end());
}

}  // namespace drainlab::churn
