#include "controller/experiment/bench.hpp"

#include "controller/experiment/so_far.hpp"
#include "controller/words/words.hpp"

#include <fmt/format.h>

#include <map>

namespace drainlab::experiment {
namespace {

/// One cell under way.
struct gathering {
    report::collector collector;
    std::map<std::string, int> repeats;  ///< reason -> how often
    int given_up = 0;
};

class bench {
  public:
    bench(const bench_options& options, executor& cycles, const std::function<void(const progress&)>& tell)
        : options_{options}, cycles_{cycles}, tell_{tell} {
        for (const auto& s : options.scenarios)
            at_.total +=
                static_cast<int>(options.policies.size()) * (1 + cycles_for(options.samples, s.target.at_once));
    }

    bench_outcome run() {
        for (const auto& s : options_.scenarios) {
            run_scenario(s);
            if (stopped_) break;
        }
        judge_violations();
        return std::move(outcome_);
    }

  private:
    void run_scenario(const scenario& s) {
        cells_.clear();
        at_.so_far.clear();
        for (const auto& p : options_.policies) cells_.emplace(p, gathering{report::collector{s.name, p}, {}, 0});
        if (auto started = cycles_.begin(s); !started) stop(started.error());
        // The same seed gives every scenario the order it would have alone.
        for (const auto& next :
             interleave(options_.policies, cycles_for(options_.samples, s.target.at_once), options_.seed)) {
            if (stopped_) break;
            at_.scenario = s.name;
            at_.policy = next.policy;
            tell_(at_);
            make(s, next, cells_.at(next.policy));
            ++at_.done;
            if (next.policy == options_.policies.back()) at_.so_far = so_far();
        }
        file_violations(cycles_.end(), at_.policy.empty() ? options_.policies.front() : at_.policy);
        for (const auto& p : options_.policies) {
            outcome_.cells.push_back(finish_cell(cells_.at(p)));
            outcome_.cells.back().title = s.title;
        }
    }

    /// The scenario's main ratio as far as it is known: that of base,
    /// else of the first policy, to the one it is compared with.
    std::string so_far() const {
        const auto against = cells_.find(options_.against);
        const auto base = cells_.find("base");
        const auto& [name, of] = base != cells_.end() ? *base : *cells_.find(options_.policies.front());
        if (against == cells_.end() || name == options_.against) return {};
        return ratio_so_far(name, of.collector.umount_ns(), options_.against, against->second.collector.umount_ns())
            .value_or(at_.so_far);
    }

    /// One sample, repeated as long as the cycle says so.
    void make(const scenario& s, const step& next, gathering& cell) {
        for (int attempt = 0; attempt <= most_repeats; ++attempt) {
            auto made = cycles_.cycle(s, next.policy);
            if (!made) return stop(made.error());
            auto& cycle = made.value();
            file_violations(std::exchange(cycle.sample.violations, {}), next.policy);
            if (stopped_) {
                if (!cycle.repeat && !next.warm_up) cell.collector.add(cycle.sample);
                return;
            }
            if (!cycle.repeat) {
                if (!next.warm_up) cell.collector.add(cycle.sample);
                return;
            }
            if (next.warm_up) continue;
            ++cell.repeats[*cycle.repeat];
            cell.collector.keep_not_held(cycle.sample);
        }
        if (!next.warm_up) ++cell.given_up;
    }

    /// Violations count also in cycles that are not samples. One may come to light late, in another policy's cycle: it
    /// belongs to the policy of its superblock; `present` is for those that have none.
    void file_violations(const std::vector<report::violation>& all, const std::string& present) {
        for (const auto& v : all) {
            const auto named = v.policy ? cells_.find(*v.policy) : cells_.end();
            auto& [policy, cell] = named == cells_.end() ? *cells_.find(present) : *named;
            report::cycle_sample only;
            only.violations.push_back(v);
            cell.collector.add(only);
            violated_.insert(policy);
            if (options_.keep_going || options_.expected_violations.contains(policy)) continue;
            outcome_.complete = false;
            stopped_ = true;
        }
    }

    report::cell finish_cell(const gathering& g) const {
        auto cell = g.collector.make();
        for (const auto& [reason, count] : g.repeats)
            cell.observations.push_back(fmt::format("{} cycle{} repeated: {}", count, count == 1 ? "" : "s", reason));
        if (g.given_up > 0)
            cell.observations.push_back(fmt::format("{} sample{} missing: {} repeats were in vain", g.given_up,
                                                    g.given_up == 1 ? "" : "s", most_repeats));
        return cell;
    }

    void stop(const failure& why) {
        outcome_.complete = false;
        outcome_.why = why;
        outcome_.exit = why.exit;
        stopped_ = true;
    }

    void judge_violations() {
        if (outcome_.exit != exit_code::fine) return;
        std::vector<std::string> unexpected, absent;
        for (const auto& p : violated_)
            if (!options_.expected_violations.contains(p)) unexpected.push_back(p);
        for (const auto& p : options_.expected_violations)
            if (!violated_.contains(p)) absent.push_back(p);
        if (unexpected.empty() && absent.empty()) return;
        outcome_.exit = exit_code::violated;
        outcome_.why = failure{"violated",
                               unexpected.empty() ? "no invariant was violated under " + words::join(absent)
                                                  : "an invariant was violated under " + words::join(unexpected),
                               {},
                               exit_code::violated,
                               0};
    }

    const bench_options& options_;
    executor& cycles_;
    std::map<std::string, gathering> cells_;
    const std::function<void(const progress&)>& tell_;
    progress at_;
    bench_outcome outcome_;
    std::set<std::string> violated_;
    bool stopped_ = false;
};

}  // namespace

bench_outcome run_bench(const bench_options& options, executor& cycles,
                        const std::function<void(const progress&)>& tell) {
    return bench{options, cycles, tell}.run();
}

}  // namespace drainlab::experiment
