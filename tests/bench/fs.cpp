// bench_fs [ROUNDS [ROW]]: drainfs beside other people's FUSE file systems and tmpfs, the same jobs interleaved. The drainctl beside
// this program is used. Prints, per row, the load average, the time of one operation, the daemon's CPU time in it, and how many times
// faster drainfs is than the fastest peer, with the 95 % interval of that ratio. On a busy machine run it with `nice -n -18`: all that it
// measures inherits that.
#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"
#include "tests/bench/fs_jobs.hpp"
#include "tests/bench/fs_mounts.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <numeric>
#include <random>
#include <signal.h>
#include <unistd.h>

using namespace drainlab;

namespace {

volatile sig_atomic_t stopped = 0;

struct samples {
    std::vector<std::uint64_t> wall, cpu;  // ns per operation
};

std::uint64_t median(std::vector<std::uint64_t> v) { return measure::quantile(measure::sorted(v), 0.5); }

void measure_row(const bench::job& j, std::vector<std::unique_ptr<bench::subject>>& all, int rounds,
                 std::vector<samples>& got) {
    std::mt19937 random{1};
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), 0u);
    for (int round = -1; round < rounds && !stopped; ++round) {  // the first one makes the files
        std::shuffle(order.begin(), order.end(), random);
        for (const std::size_t k : order) {
            const std::uint64_t before = all[k]->cpu_ns();
            const bench::outcome o = bench::run(j, all[k]->dir);
            if (round < 0 || o.ns_per_op <= 0) continue;
            got[k].wall.push_back(static_cast<std::uint64_t>(o.ns_per_op));
            got[k].cpu.push_back((all[k]->cpu_ns() - before) / o.ops);
        }
    }
}

void print_row(const bench::job& j, const std::vector<std::unique_ptr<bench::subject>>& all,
               const std::vector<samples>& got) {
    double load = 0;
    ::getloadavg(&load, 1);
    std::printf("%s (load %.1f)\n", j.name.c_str(), load);
    std::size_t best = all.size();
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (got[k].wall.empty()) continue;
        std::printf("  %-16s %10.2f us  daemon cpu %8.2f us\n", all[k]->name.c_str(),
                    static_cast<double>(median(got[k].wall)) / 1000, static_cast<double>(median(got[k].cpu)) / 1000);
        if (all[k]->is_peer && (best == all.size() || median(got[k].wall) < median(got[best].wall))) best = k;
    }
    for (std::size_t k = 0; k < all.size() && best < all.size(); ++k) {
        if (all[k]->is_peer || all[k]->daemon < 0 || got[k].wall.empty()) continue;
        const auto r = measure::p50_ratio(measure::sorted(got[best].wall), measure::sorted(got[k].wall), 1);
        std::printf("  %-16s %10.2f x   [%.2f, %.2f] the speed of %s\n", all[k]->name.c_str(), r.value, r.ci95.low,
                    r.ci95.high, all[best]->name.c_str());
    }
    std::fflush(stdout);
}

int bench_all(int rounds, const char* only) {
    std::string top = (std::filesystem::temp_directory_path() / "drainlab-bench-fs-XXXXXX").string();
    if (!::mkdtemp(top.data())) return 5;
    int rc = 0;
    try {
        const bench::tmpfs_top store{top};
        const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
        auto all = bench::mount_all(top, here / "drainctl");
        for (const bench::job& j : bench::jobs()) {
            if (stopped || (only && j.name.find(only) == std::string::npos)) continue;
            std::vector<samples> got(all.size());
            measure_row(j, all, rounds, got);
            print_row(j, all, got);
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        rc = 4;
    }
    ::rmdir(top.c_str());
    return stopped ? 130 : rc;
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
    if (rounds < 1 || argc > 3) {
        std::fprintf(stderr, "usage: bench_fs [ROUNDS >= 1 [ROW]]   ROW: a part of a row's name\n");
        return 2;
    }
    struct sigaction stop {};
    stop.sa_handler = [](int) { stopped = 1; };
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(s, &stop, nullptr);
    return bench_all(rounds, argc > 2 ? argv[2] : nullptr);
}
