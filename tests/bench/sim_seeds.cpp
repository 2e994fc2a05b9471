// bench_sim_seeds [COUNT] [FIRST]: the simulator over COUNT seeds (10000) and all scenarios. The fixed policies must
// violate nothing;
// the racy ones must, on some seed of container_exit, once their window is wide. Exit code 1 otherwise.
#include "controller/words/data_dir.hpp"
#include "fusefs/profile/load.hpp"
#include "tests/sim/simulator/seeds.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace drainlab;

namespace {

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_sim_seeds: %s\n", why.c_str());
    std::exit(4);
}

std::vector<experiment::scenario> all_scenarios() {
    const auto names = words::data_names("scenarios");
    if (!names) give_up(names.error().message);
    std::vector<experiment::scenario> all;
    for (const auto& name : names.value()) {
        if (name.starts_with("lazy")) continue;
        const auto s = experiment::load_scenario(name);
        if (!s) give_up(s.error().message);
        all.push_back(s.value());
    }
    return all;
}

sim::machine_options published_machine() {
    sim::machine_options m;
    const auto profile = profile::load_profile("qemu-16vcpu", profile::default_data_dirs());
    if (!profile) give_up(profile.error);
    m.profile = *profile.value;
    return m;
}

void print(const tests::seed_finding& f, const std::string& options) {
    std::printf("  %s: %s\n    again: drainctl sim --scenario %s --policy %s%s --samples 5 --seed %llu\n",
                f.policy.c_str(), f.message.c_str(), f.scenario.c_str(), f.policy.c_str(), options.c_str(),
                static_cast<unsigned long long>(f.seed));
}

bool fixed_ones(std::uint64_t count, std::uint64_t first) {
    const auto scenarios = all_scenarios();
    const auto machine = published_machine();
    std::size_t found = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed)
        for (const auto& f : tests::try_seed(machine, seed, scenarios, {"race", "rmbarrier", "persb"}, 1)) {
            ++found;
            print(f, "");
        }
    std::printf("seeds %llu to %llu, %zu scenarios, race, rmbarrier and persb: %zu violations\n",
                static_cast<unsigned long long>(first), static_cast<unsigned long long>(first + count - 1),
                scenarios.size(), found);
    return found == 0;
}

bool racy_one(const std::string& policy, std::uint64_t count, std::uint64_t first) {
    const auto s = experiment::load_scenario("container_exit");
    if (!s) give_up(s.error().message);
    auto machine = published_machine();
    machine.widen = {{"isw_before_queue", std::chrono::milliseconds{50}}};
    std::size_t with = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto found = tests::try_seed(machine, seed, {s.value()}, {policy}, 5);
        if (!found.empty() && with++ == 0) print(found.front(), " --widen isw_before_queue=50ms");
    }
    std::printf("%s, container_exit, isw_before_queue 50 ms wide: %zu of %llu seeds violate\n", policy.c_str(), with,
                static_cast<unsigned long long>(count));
    return with > 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
    const auto first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    if (count == 0 || argc > 3) {
        std::fprintf(stderr, "usage: bench_sim_seeds [COUNT >= 1] [FIRST]\n");
        return 2;
    }
    bool good = fixed_ones(count, first);
    for (const char* policy : {"rework", "base"})
        good = racy_one(policy, std::min<std::uint64_t>(count, 200), first) && good;
    return good ? 0 : 1;
}
