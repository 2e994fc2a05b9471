// drainctl merge FILE...: results of shards, or of several runs of the same cells, as one.
#include "controller/cli/command.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/report/collect.hpp"
#include "controller/report/read.hpp"
#include "controller/sim/grid.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

namespace drainlab::cli {
namespace {

struct options {
    std::vector<std::string> files;
    std::optional<std::string> json;
    std::string format = "text";
};

result<report::result> load(const std::string& file) {
    std::ifstream in(file);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) return client::system_failure(file, errno, exit_code::usage);
    auto read = report::read_json(text.str());
    if (!read)
        return client::usage_error(file + ": " + read.error,
                                   "a file written by bench, sim or merge with --json is expected");
    return std::move(*read.value);
}

/// What two results must have in common to be one.
std::optional<std::string> differs(const report::run_info& a, const report::run_info& b) {
    if (a.mode != b.mode) return "one is " + a.mode + ", the other " + b.mode;
    if (a.profile != b.profile) return "their profiles are " + a.profile + " and " + b.profile;
    if (a.workload != b.workload) return "their workloads are " + a.workload + " and " + b.workload;
    return std::nullopt;
}

class merger {
  public:
    explicit merger(report::result first) : all_{std::move(first)} {
        cells_ = std::move(all_.cells);
        note_seeds(cells_, all_.run.seed);
    }

    /// Cells that are new are added; those that are there already take the samples on.
    result<void> add(report::result more, const std::string& file) {
        if (const auto what = differs(all_.run, more.run))
            return client::usage_error(file + " cannot be merged with the others: " + *what);
        const bool sim = all_.run.mode == "sim";
        for (const auto& c : more.cells)
            if (sim && seeds_.contains(key(c, more.run.seed)))
                return client::usage_error(
                    file + ": the others hold " + c.scenario + " under " + c.policy + " with the same seed already",
                    "the same samples must not be counted twice");
        note_seeds(more.cells, more.run.seed);
        for (auto& c : more.cells) {
            const auto same = [&](const report::cell& o) {
                return o.scenario == c.scenario && o.policy == c.policy && o.point == c.point && o.mounts == c.mounts &&
                       o.namespace_policy == c.namespace_policy;
            };
            const auto at = std::find_if(cells_.begin(), cells_.end(), same);
            if (at == cells_.end())
                cells_.push_back(std::move(c));
            else
                report::merge_cell(*at, c);
        }
        all_.complete = all_.complete && more.complete;
        all_.run.elapsed_s += more.run.elapsed_s;
        if (more.run.started < all_.run.started) all_.run.started = more.run.started;
        return client::success();
    }

    report::result finish() {
        const auto by_place = [](const report::cell& a, const report::cell& b) {
            return a.place.value_or(UINT64_MAX) < b.place.value_or(UINT64_MAX);
        };
        std::stable_sort(cells_.begin(), cells_.end(), by_place);
        all_.cells = std::move(cells_);
        sim::finish(all_, "persb", all_.run.seed);
        return std::move(all_);
    }

  private:
    using identity = std::tuple<std::string, std::string, sim::point, std::uint64_t>;
    static identity key(const report::cell& c, std::uint64_t seed) { return {c.scenario, c.policy, c.point, seed}; }
    void note_seeds(const std::vector<report::cell>& cells, std::uint64_t seed) {
        for (const auto& c : cells) seeds_.insert(key(c, seed));
    }

    report::result all_;
    std::vector<report::cell> cells_;
    std::set<identity> seeds_;
};

result<exit_code> merge(const options& o) {
    BOOST_OUTCOME_TRY(auto first, load(o.files.front()));
    merger m{std::move(first)};
    for (std::size_t i = 1; i < o.files.size(); ++i) {
        BOOST_OUTCOME_TRY(auto more, load(o.files[i]));
        BOOST_OUTCOME_TRYV(m.add(std::move(more), o.files[i]));
    }
    const auto all = m.finish();
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    print_result(o.json, o.format, all, {});
    BOOST_OUTCOME_TRYV(write_result(o.json, all));
    const bool violated =
        std::any_of(all.cells.begin(), all.cells.end(), [](const auto& c) { return !c.violations.empty(); });
    return violated ? exit_code::violated : exit_code::fine;
}

}  // namespace

void declare_merge(command& c) {
    auto o = std::make_shared<options>();
    c.about("results of shards or of several runs as one, losing nothing",
            "drainctl merge part-*.json --json all.json");
    c.positionals("FILE", o->files, "results written with --json", 1);
    c.option("--format", o->format, "of standard output").one_of({"text", "markdown", "csv"});
    c.json_file(o->json);
    c.note(
        "Parts of one run give the result that one run would have given. Cells that several files hold take all their "
        "samples.");
    c.run([o] { return merge(*o); });
}

}  // namespace drainlab::cli
