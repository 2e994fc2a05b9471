#include "controller/cli/bench_other.hpp"

#include "controller/cli/bench_lazy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::cli {
namespace {

/// What only the drain scenarios know.
result<void> refuse_drain_options(const bench_options& o, const char* with) {
    if (o.policies.size() > 1 || std::find(o.policies.begin(), o.policies.end(), "all") != o.policies.end())
        return client::usage_error(fmt::format("bench: {} takes one --policy, that of drainfs", with));
    for (const auto& [set, name] : {std::pair{!o.widen.empty(), "--widen"},
                                    {!o.expect_violation.empty(), "--expect-violation"},
                                    {o.check, "--check"},
                                    {o.baseline.file || o.baseline.save, "--baseline"},
                                    {o.timeout.has_value(), "--timeout"}})
        if (set) return client::usage_error(fmt::format("bench: {} does not go with {}", name, with));
    return client::success();
}

}  // namespace

result<exit_code> bench_with_strategies(const bench_options& o) {
    for (const auto& [set, name] : {std::pair{!o.scenarios.empty(), "--scenario"},
                                    {!o.mounts.empty() && o.mounts != std::vector<std::string>{"drainfs"}, "--mounts"}})
        if (set)
            return client::usage_error(fmt::format("bench: --strategy is a scenario of its own, without {}", name));
    BOOST_OUTCOME_TRYV(refuse_drain_options(o, "--strategy"));
    auto s = o.strategy;
    if (!o.policies.empty()) s.policy = o.policies.front();
    s.profile = o.profile;
    s.samples = o.samples_wanted();
    s.seed = o.seed;
    s.json = o.json;
    s.format = o.format;
    s.no_save = o.no_save;
    s.socket = o.socket;
    return bench_strategy(s);
}

result<exit_code> bench_without_load(const bench_options& o) {
    if (!std::all_of(o.scenarios.begin(), o.scenarios.end(), is_bench_lazy))
        return client::usage_error("bench: umount_free, lazy_free and lazy_held cannot be mixed with other scenarios");
    BOOST_OUTCOME_TRYV(refuse_drain_options(o, "the lazy scenarios"));
    bench_lazy_options l;
    l.what.scenarios = o.scenarios;
    l.what.mounts = o.mounts.empty() ? std::vector<std::string>{"drainfs"} : o.mounts;
    if (!o.policies.empty()) l.what.policy = o.policies.front();
    l.what.profile = l.profile = o.profile;
    l.what.socket = o.socket;
    l.what.samples = static_cast<int>(o.samples_wanted());
    l.what.seed = static_cast<std::uint64_t>(o.seed);
    l.what.way = o.umount == "syscall" ? lazy::umount_way::syscall : lazy::umount_way::umount8;
    l.format = o.format;
    l.json = o.json;
    l.no_save = o.no_save;
    return bench_lazy(l);
}

}  // namespace drainlab::cli
