// bench_fs [--two-cpu] [--syscalls] [ROUNDS [ROW]]: drainfs beside other people's FUSE file systems and tmpfs, the
// same jobs interleaved, all of it on one CPU unless told otherwise (so that the cost of waking another one does not
// decide). The drainctl beside this program is used. Prints, per row, the load average, the time of one operation,
// the CPU time of caller and daemon in it, and how many times faster drainfs is than the fastest peer, with the 95 %
// interval of that ratio. With --syscalls: how many system calls each daemon makes for an operation, by strace.
#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"
#include "tests/bench/fs_jobs.hpp"
#include "tests/bench/fs_mounts.hpp"
#include "tests/bench/fs_syscalls.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <getopt.h>
#include <numeric>
#include <random>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

using namespace drainlab;

namespace {

volatile sig_atomic_t stopped = 0;

struct samples {
    std::vector<std::uint64_t> wall, cpu, client;  // ns per operation
};

/// CPU time of this process and of the children it has waited for, ns.
std::uint64_t own_cpu_ns() {
    std::uint64_t sum = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage used{};
        ::getrusage(who, &used);
        for (const timeval& t : {used.ru_utime, used.ru_stime})
            sum += static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_usec) * 1000;
    }
    return sum;
}

std::uint64_t median(std::vector<std::uint64_t> v) { return measure::quantile(measure::sorted(v), 0.5); }

void measure_row(const bench::job& j, std::vector<std::unique_ptr<bench::subject>>& all, int rounds,
                 std::vector<samples>& got) {
    std::mt19937 random{1};
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), 0u);
    for (int round = -1; round < rounds && !stopped; ++round) {  // the first one makes the files
        std::shuffle(order.begin(), order.end(), random);
        for (const std::size_t k : order) {
            const std::uint64_t before = all[k]->cpu_ns(), client = own_cpu_ns();
            const bench::outcome o = bench::run(j, all[k]->dir);
            if (round < 0 || o.ns_per_op <= 0) continue;
            got[k].wall.push_back(static_cast<std::uint64_t>(o.ns_per_op));
            got[k].cpu.push_back((all[k]->cpu_ns() - before) / o.ops);
            got[k].client.push_back((own_cpu_ns() - client) / o.ops);
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
        std::printf("  %-16s %10.2f us  cpu: daemon %8.2f us, caller %8.2f us\n", all[k]->name.c_str(),
                    static_cast<double>(median(got[k].wall)) / 1000, static_cast<double>(median(got[k].cpu)) / 1000,
                    static_cast<double>(median(got[k].client)) / 1000);
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

void count_row(const bench::job& j, const std::vector<std::unique_ptr<bench::subject>>& all) {
    std::printf("%s: system calls for an operation\n", j.name.c_str());
    for (const auto& one : all) {
        if (one->daemon <= 0 || stopped) continue;
        bench::run(j, one->dir);  // makes the files
        bench::syscall_count calls{one->daemon};
        const bench::outcome o = bench::run(j, one->dir);
        const std::uint64_t made = calls.stop();
        if (o.ops)
            std::printf("  %-16s %10.2f\n", one->name.c_str(), static_cast<double>(made) / static_cast<double>(o.ops));
    }
    std::fflush(stdout);
}

struct options {
    int rounds{9};
    const char* row{};
    bool two_cpu{}, syscalls{}, help{};
};

int bench_all(const options& opt) {
    std::string top = (std::filesystem::temp_directory_path() / "drainlab-bench-fs-XXXXXX").string();
    if (!::mkdtemp(top.data())) return 5;
    int rc = 0;
    try {
        const bench::tmpfs_top store{top};
        const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
        auto all = bench::mount_all(top, here / "drainctl");
        for (const bench::job& j : bench::jobs()) {
            if (stopped || (opt.row && j.name.find(opt.row) == std::string::npos)) continue;
            if (opt.syscalls) {
                count_row(j, all);
                continue;
            }
            std::vector<samples> got(all.size());
            measure_row(j, all, opt.rounds, got);
            print_row(j, all, got);
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        rc = 4;
    }
    ::rmdir(top.c_str());
    return stopped ? 130 : rc;
}

/// This process, and all that it will start, on the CPU it is on now.
void stay_on_one_cpu() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) std::perror("sched_setaffinity");
}

void print_usage(std::FILE* to) {
    std::fputs(
        "usage: bench_fs [--two-cpu] [--syscalls] [ROUNDS [ROW]]\n"
        "\n"
        "The same jobs in turn on drainfs (its store on a tmpfs, and private), bindfs, mergerfs, passthrough_ll and "
        "that tmpfs:\n"
        "time of an operation, CPU time of daemon and caller in it, and the speed beside the fastest peer with its 95 "
        "%\n"
        "interval. As root; needs fio, and takes the drainctl and drainfs beside this program. What is not installed "
        "is\n"
        "left out. On one CPU, so that waking another one does not decide.\n"
        "\n"
        "  --two-cpu   on all CPUs\n"
        "  --syscalls  how many system calls each daemon makes for an operation, by strace; nothing is timed\n"
        "  ROUNDS      how often each job is run on each (9); medians are printed\n"
        "  ROW         a part of a row's name; only those rows:\n",
        to);
    for (const bench::job& j : bench::jobs()) std::fprintf(to, "                %s\n", j.name.c_str());
}

bool parse(int argc, char** argv, options& out) {
    static const option known[] = {{"two-cpu", no_argument, nullptr, 't'},
                                   {"syscalls", no_argument, nullptr, 's'},
                                   {"help", no_argument, nullptr, 'h'},
                                   {nullptr, 0, nullptr, 0}};
    for (int c; (c = ::getopt_long(argc, argv, "h", known, nullptr)) != -1;) {
        if (c == '?') return false;
        (c == 't' ? out.two_cpu : c == 's' ? out.syscalls : out.help) = true;
    }
    if (optind < argc) out.rounds = std::atoi(argv[optind++]);
    if (optind < argc) out.row = argv[optind++];
    return out.rounds >= 1 && optind == argc;
}

}  // namespace

int main(int argc, char** argv) {
    options opt;
    if (!parse(argc, argv, opt)) {
        print_usage(stderr);
        return 2;
    }
    if (opt.help) {
        print_usage(stdout);
        return 0;
    }
    if (!opt.two_cpu) stay_on_one_cpu();
    struct sigaction stop {};
    stop.sa_handler = [](int) { stopped = 1; };
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(s, &stop, nullptr);
    return bench_all(opt);
}
