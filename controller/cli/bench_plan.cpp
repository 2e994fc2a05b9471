#include "controller/cli/bench_plan.hpp"

#include "controller/cli/known.hpp"
#include "controller/words/data_dir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace drainlab::cli {
namespace {

using word_list = std::vector<std::string>;

/// The lazy scenarios belong to `drainctl lazy`, a neighbour's sync and overlays are for `drainctl sim` (and lab);
/// `all` means the others.
result<word_list> scenario_words(const bench_options& o) {
    if (o.scenarios.empty()) return word_list{"no_pressure", "idle_cross_pressure"};
    if (std::find(o.scenarios.begin(), o.scenarios.end(), "all") == o.scenarios.end()) return o.scenarios;
    BOOST_OUTCOME_TRY(auto names, words::data_names("scenarios"));
    std::erase_if(names, [](const std::string& n) {
        return n.starts_with("lazy") || n.starts_with("overlay") || n == "sync_neighbour";
    });
    return names;
}

/// A scenario with a file; who mistypes one without is told of it.
result<experiment::scenario> scenario_named(const std::string& name) {
    auto loaded = experiment::load_scenario(name);
    if (loaded) return loaded;
    auto why = loaded.error();
    const auto near = words::nearest(name, lazy_scenarios());
    if (near && !why.hint.starts_with("did you")) why.hint = fmt::format("did you mean \"{}\"?", *near);
    return why;
}

}  // namespace

result<experiment::bench_options> bench_plan(const bench_options& o) {
    experiment::bench_options b;
    BOOST_OUTCOME_TRY(auto names, scenario_words(o));
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto s, scenario_named(name));
        b.scenarios.push_back(std::move(s));
    }
    b.policies = chosen_policy_ids(o.policies);
    b.samples = static_cast<int>(o.samples_wanted());
    b.seed = static_cast<std::uint64_t>(o.seed);
    b.keep_going = o.keep_going;
    BOOST_OUTCOME_TRY(b.expected_violations, expected_violations(o.expect_violation, b.policies));
    return b;
}

result<real::options> bench_machine(const bench_options& o) {
    real::options r;
    BOOST_OUTCOME_TRY(r.daemon.profile, words::data_file("profiles", o.profile));
    r.daemon.page_cache = o.page_cache;
    r.daemon.socket = o.socket;
    r.identity = o.identity;
    r.cgroup_root = o.cgroup_root;
    r.umount_wait = o.umount_wait;
    r.way = o.umount == "syscall" ? real::umount_way::syscall : real::umount_way::umount8;
    r.seed = static_cast<std::uint64_t>(o.seed);
    r.dd = o.workload == "dd";
    r.timeout = o.timeout;
    r.events = o.events;
    for (const auto& word : o.widen) {
        BOOST_OUTCOME_TRY(auto w, widened_point(word));
        r.widen.emplace_back(std::move(w.first), std::chrono::duration_cast<std::chrono::microseconds>(w.second));
    }
    if (!o.cgroup_root.empty() && o.identity == "session")
        return client::usage_error("--cgroup-root and --identity session exclude each other");
    return r;
}

}  // namespace drainlab::cli
