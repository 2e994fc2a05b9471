#include "controller/cli/sim_grid.hpp"

#include "controller/cli/known.hpp"
#include "controller/lab/profile_out.hpp"
#include "controller/sim/machine_keys.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/kernel/types.hpp"
#include "fusefs/profile/load.hpp"

#include <algorithm>
#include <thread>

namespace drainlab::cli {
namespace {

using word_list = std::vector<std::string>;

result<word_list> scenario_words(const sim_options& o) {
    if (o.scenarios.empty() && o.against_reference()) return sim::compared_scenarios();
    if (o.scenarios.empty()) return word_list{"no_pressure", "idle_cross_pressure"};
    if (std::find(o.scenarios.begin(), o.scenarios.end(), "all") == o.scenarios.end()) return o.scenarios;
    BOOST_OUTCOME_TRY(auto names, words::data_names("scenarios"));
    std::erase_if(names, [](const std::string& n) { return n.starts_with("lazy"); });
    return names;
}

result<void> widen(const sim_options& o, sim::machine_options& machine) {
    for (const auto& word : o.widen) {
        BOOST_OUTCOME_TRY(const auto asked, widened_point(word));
        word_list known;
        for (const auto& point : kernel::point::all) known.emplace_back(point.name);
        if (std::find(known.begin(), known.end(), asked.first) == known.end())
            return client::usage_error("--widen " + word + ": no such point", "known: " + words::join(known));
        machine.widen.emplace_back(asked.first, asked.second);
    }
    return client::success();
}

}  // namespace

result<sim::machine_options> sim_machine(const sim_options& o) {
    sim::machine_options m;
    BOOST_OUTCOME_TRY(auto file, words::data_file("profiles", o.profile_name()));
    auto loaded = profile::load_profile(file, {});
    if (!loaded) return client::usage_error(loaded.error);
    m.profile = *loaded.value;
    if (m.profile.zero)
        return client::usage_error("--profile zero: nothing takes any time there, so virtual time would stand still",
                                   "--gp-model none takes the waits of RCU away and keeps the rest");
    if (o.gp_model != "mechanism") m.gp_model = o.gp_model;
    m.superblocks = static_cast<int>(o.superblocks);
    m.burners = static_cast<int>(o.burners);
    m.inodes = static_cast<int>(o.inodes);
    m.writes = static_cast<int>(o.writes);
    m.events = o.events;
    if (o.cpus) { BOOST_OUTCOME_TRYV(sim::set_key(m, "cpus", std::to_string(*o.cpus))); }
    if (o.hz) { BOOST_OUTCOME_TRYV(sim::set_key(m, "hz", std::to_string(*o.hz))); }
    BOOST_OUTCOME_TRYV(widen(o, m));
    return m;
}

std::vector<sim::grid_row> sim_rows(const sim::compared_machine& theirs, const sim::grid& g) {
    std::vector<sim::grid_row> rows;
    const auto& wanted = g.bench.policies;
    for (const auto& kernel : theirs.rows) {
        if (std::find(wanted.begin(), wanted.end(), kernel.policy) == wanted.end()) continue;
        rows.push_back({kernel.name, kernel.policy, g.machine});
        auto& p = rows.back().machine.profile;
        p.wake_from_gp = kernel.wakes_from_gp;
        if (!kernel.figures.empty()) p = lab::profile_of(lab::causes_of(kernel.figures), p, p.shared_clock).profile;
    }
    return rows;
}

result<sim::grid> sim_grid(const sim_options& o) {
    sim::grid g;
    BOOST_OUTCOME_TRY(auto names, scenario_words(o));
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto s, experiment::load_scenario(name));
        g.bench.scenarios.push_back(std::move(s));
    }
    g.bench.policies = chosen_policy_ids(o.policies);
    g.bench.samples = static_cast<int>(o.samples_wanted());
    g.bench.seed = static_cast<std::uint64_t>(o.seed);
    g.bench.keep_going = o.keep_going;
    BOOST_OUTCOME_TRY(g.bench.expected_violations, expected_violations(o.expect_violation, g.bench.policies));
    BOOST_OUTCOME_TRY(g.machine, sim_machine(o));
    BOOST_OUTCOME_TRY(auto axes, sim::parse_sweep(o.sweep, g.machine));
    g.points = sim::points_of(axes);
    if (o.shard) { BOOST_OUTCOME_TRY(g.part, sim::parse_shard(*o.shard)); }
    g.jobs = static_cast<int>(
        std::min<std::int64_t>(o.jobs.value_or(std::max(1u, std::thread::hardware_concurrency())), 256));
    return g;
}

}  // namespace drainlab::cli
