// bench_compare [COMPARISONS [FALSE_ALARMS]]: how often `drainctl compare`
// raises a false alarm, and how often it finds a shift, on synthetic results
// with known truth: lognormal samples, 16 cells. Exit code 1 unless at most 1
// % of the null comparisons (1000) call any cell worse or better, and at least
// 95 % of 20 % shifts in one cell are found with 40 samples and a CV of 0.15.
#include "controller/result/compare.hpp"

#include "fusefs/sched/random.hpp"

#include <boost/math/distributions/normal.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace drainlab;

namespace {

constexpr int cells = 16;

report::result made(sched::random& random, int samples, double cv, double factor) {
    const double sigma = std::sqrt(std::log1p(cv * cv));
    report::result r;
    for (int k = 0; k < cells; ++k) {
        report::cell c;
        c.scenario = "s" + std::to_string(k / 4);
        c.policy = "p" + std::to_string(k % 4);
        for (int i = 0; i < samples; ++i) {
            const double u = (static_cast<double>(random.below(1u << 30)) + 0.5) / static_cast<double>(1u << 30);
            const double ms =
                50 * std::exp(sigma * boost::math::quantile(boost::math::normal{}, u)) * (k == 0 ? factor : 1);
            c.umount_ns.push_back(static_cast<std::uint64_t>(ms * 1e6));
        }
        r.cells.push_back(std::move(c));
    }
    return r;
}

/// Of `times` comparisons: how many raise an alarm in some cell that did not change, and how many find the shift of the
/// first.
struct counts {
    int worse = 0, alarms = 0, found = 0;
};

counts count(const report::compare_options& how, int times, int samples, double cv, double factor) {
    sched::random random{static_cast<std::uint64_t>(samples) * 1000 + static_cast<std::uint64_t>(cv * 100)};
    counts c;
    for (int i = 0; i < times; ++i) {
        const auto before = made(random, samples, cv, 1), after = made(random, samples, cv, factor);
        const auto all = report::compare(before, after, how);
        bool alarm = false, worse = false;
        for (const auto& x : all.cells) {
            if (factor != 1 && x.after == &after.cells.front()) {
                c.found += x.what == report::change::worse;
                continue;
            }
            worse = worse || x.what == report::change::worse;
            alarm = alarm || x.what == report::change::worse || x.what == report::change::better;
        }
        c.alarms += alarm;
        c.worse += worse;
    }
    return c;
}

}  // namespace

int main(int argc, char** argv) {
    const int times = argc > 1 ? std::atoi(argv[1]) : 1000;
    if (times < 1) return 2;
    report::compare_options o;
    if (argc > 2) o.false_alarms = std::atof(argv[2]);
    std::printf("%d comparisons a row, %d cells, effect %g %%, at most %g %% false alarms asked for\n", times, cells,
                100 * o.effect, 100 * o.false_alarms);
    std::printf("%8s%6s%22s%22s%22s%22s\n", "samples", "CV", "null: called worse", "null: any alarm",
                "20 % shift found", "15 % shift found");
    bool good = true;
    for (const int samples : {15, 40, 100})
        for (const double cv : {0.05, 0.15, 0.3}) {
            const auto null = count(o, times, samples, cv, 1), twenty = count(o, times, samples, cv, 1.2),
                       fifteen = count(o, times, samples, cv, 1.15);
            const auto share = [&](int n) { return 100.0 * n / times; };
            std::printf("%8d%6.2f%20.1f %%%20.1f %%%20.1f %%%20.1f %%\n", samples, cv, share(null.worse),
                        share(null.alarms), share(twenty.found), share(fifteen.found));
            std::fflush(stdout);
            if (samples == 40 && cv == 0.15) good = share(null.alarms) <= 1 && share(twenty.found) >= 95;
        }
    std::printf("40 samples, CV 0.15: %s\n", good ? "as promised" : "NOT as promised");
    return good ? 0 : 1;
}
