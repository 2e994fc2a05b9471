#include "controller/sim/compare.hpp"

#include "controller/sim/comparison.hpp"
#include "controller/sim/reference.hpp"

namespace drainlab::sim {

compared compare(const report::result& ours, const reference& theirs) { return comparison{ours, *theirs}.made(); }

std::optional<report::beside_figures> figures_beside(const report::result& ours) {
    for (const auto* word : {"published", "lab"}) {
        const auto theirs = load_reference(word);
        if (!theirs || (*theirs.value()).profile != ours.run.profile) continue;
        const auto& f = *theirs.value();
        report::beside_figures all{f.name, f.source, {}};
        for (const auto& c : ours.cells) {
            if (!c.umount_ms || !c.point.empty() || !f.umount_ms.contains(c.scenario)) continue;
            const auto& policies = f.umount_ms.at(c.scenario);
            if (const auto at = policies.find(c.policy); at != policies.end())
                all.rows.push_back({c.scenario, c.policy, p50_of(c, at->second.at_once), at->second.p50});
        }
        return all;
    }
    return std::nullopt;
}

}  // namespace drainlab::sim
