// Small simulations for tests.
#pragma once
#include "controller/result/merge.hpp"
#include "controller/sim/grid.hpp"
#include "fusefs/profile/load.hpp"

#include <catch2/catch.hpp>

namespace drainlab::tests {

inline sim::grid grid_of(const std::vector<std::string>& scenarios, const std::vector<std::string>& policies,
                         int samples, const std::string& profile = "qemu-16vcpu") {
    sim::grid g;
    for (const auto& name : scenarios) {
        auto s = experiment::load_scenario(name);
        REQUIRE(s);
        g.bench.scenarios.push_back(s.value());
    }
    g.bench.policies = policies;
    g.bench.samples = samples;
    const auto loaded = drainlab::profile::load_profile(profile, drainlab::profile::default_data_dirs());
    REQUIRE(loaded);
    g.machine.profile = *loaded.value;
    return g;
}

inline report::result simulate(const sim::grid& g) {
    auto made = sim::run_grid(g, {}, {});
    INFO((made.why ? made.why->message : ""));
    CHECK(made.complete);
    report::result r;
    r.run.mode = "sim";
    r.run.seed = g.bench.seed;
    r.cells = std::move(made.cells);
    report::finish_points(r, "persb", g.bench.seed);
    return r;
}

inline double p50(const report::result& r, const std::string& scenario, const std::string& policy) {
    const auto* c = report::find_cell(r, scenario, policy);
    REQUIRE(c);
    REQUIRE(c->umount_ms);
    return c->umount_ms->p50;
}

}  // namespace drainlab::tests
