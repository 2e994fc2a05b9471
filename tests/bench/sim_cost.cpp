// bench_sim_cost [POINTS]: what a simulation costs, CPU time and memory, against the number of superblocks, of busy
// ones (burners)
// and of cached files (inodes), with the exponent of each curve: 1 is linear. Every point runs in a process of its own.
#include "controller/sim/grid.hpp"
#include "fusefs/profile/load.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

using namespace drainlab;

namespace {

struct cost {
    double n = 0, seconds = 0, mib = 0;
};

/// One axis: what grows, between which ends, and what stays as it is.
struct axis {
    const char* what;
    int sim::machine_options::*grows;
    int least, most;
    int superblocks, burners;
};

constexpr axis axes[] = {
    {"superblocks", &sim::machine_options::superblocks, 1'000, 64'000, 0, 4},
    {"burners", &sim::machine_options::burners, 16, 1'024, 0, 4},
    {"inodes on each of 100 superblocks", &sim::machine_options::inodes, 100, 6'400, 100, 4},
};

sim::grid grid_of(const axis& a, int n) {
    sim::grid g;
    auto scenario = experiment::load_scenario("idle_cross_pressure");
    const auto profile = profile::load_profile("qemu-16vcpu", profile::default_data_dirs());
    if (!scenario || !profile) {
        std::fprintf(stderr, "bench_sim_cost: scenario or profile not found\n");
        std::exit(4);
    }
    g.bench.scenarios = {scenario.value()};
    g.bench.policies = {"base", "persb"};
    g.bench.samples = 4;
    g.machine.profile = *profile.value;
    g.machine.superblocks = a.superblocks;
    g.machine.burners = a.burners;
    g.machine.*a.grows = n;
    return g;
}

cost measured(const axis& a, int n) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(sim::run_grid(grid_of(a, n), {}, {}).complete ? 0 : 5);
    int status = 0;
    rusage used{};
    if (child < 0 || ::wait4(child, &status, 0, &used) != child || status != 0) {
        std::fprintf(stderr, "bench_sim_cost: %s %d failed\n", a.what, n);
        std::exit(5);
    }
    const double seconds = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    return {static_cast<double>(n), seconds, static_cast<double>(used.ru_maxrss) / 1024};
}

/// The slope of log seconds over log n, by least squares.
double exponent(const std::vector<cost>& points) {
    double x = 0, y = 0, xx = 0, xy = 0;
    for (const auto& p : points) {
        const double a = std::log(p.n), b = std::log(p.seconds);
        x += a;
        y += b;
        xx += a * a;
        xy += a * b;
    }
    const auto k = static_cast<double>(points.size());
    return (k * xy - x * y) / (k * xx - x * x);
}

void print_axis(const axis& a, int points) {
    std::printf("%-36s %10s %10s\n", a.what, "CPU s", "MiB");
    std::vector<cost> all;
    for (int i = 0; i < points; ++i) {
        const double at =
            a.least * std::pow(static_cast<double>(a.most) / a.least, static_cast<double>(i) / (points - 1));
        all.push_back(measured(a, static_cast<int>(std::lround(at))));
        std::printf("%36.0f %10.2f %10.0f\n", all.back().n, all.back().seconds, all.back().mib);
        std::fflush(stdout);
    }
    const std::vector<cost> upper{all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end()};
    std::printf("  exponent %.2f; of the upper half, where fixed costs are small, %.2f\n\n", exponent(all),
                exponent(upper));
}

}  // namespace

int main(int argc, char** argv) {
    const int points = argc > 1 ? std::atoi(argv[1]) : 7;
    if (points < 4) {
        std::fprintf(stderr, "usage: bench_sim_cost [POINTS >= 4]\n");
        return 2;
    }
    std::printf("idle_cross_pressure, base and persb, 4 unmounts each, 16 CPUs; CPU time of one core\n\n");
    for (const auto& a : axes) print_axis(a, points);
    return 0;
}
