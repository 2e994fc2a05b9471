#include "controller/sim/executor.hpp"

#include "controller/sim/cell.hpp"

namespace drainlab::sim {

executor::executor(machine_options options, std::uint64_t seed) : options_{std::move(options)}, seed_{seed} {}
executor::~executor() = default;

std::uint64_t cell_seed(std::uint64_t seed, const std::string& scenario, const std::string& policy) {
    std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    for (const char c : scenario + "\n" + policy) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return sched::random{seed ^ hash}.next();
}

experiment::result<void> executor::begin(const experiment::scenario&) {
    cells_.clear();
    return experiment::success();
}

experiment::result<experiment::cycle_outcome> executor::cycle(const experiment::scenario& s,
                                                              const std::string& policy) {
    auto& slot = cells_[policy];
    if (!slot) {
        const auto* under = kernel::find_drain_policy(policy);
        if (!under) return experiment::usage_error("no drain policy is called " + policy);
        slot = std::make_unique<cell>(options_, *under, s, cell_seed(seed_, s.name, policy));
    }
    return slot->cycle();
}

std::vector<report::violation> executor::end() {
    std::vector<report::violation> all;
    for (const auto& [policy, c] : cells_)
        for (auto& v : c->violations()) all.push_back(std::move(v));
    cells_.clear();
    return all;
}

}  // namespace drainlab::sim
