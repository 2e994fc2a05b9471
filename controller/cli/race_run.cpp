#include "controller/cli/race_run.hpp"

#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/data_dir.hpp"
#include "controller/race/campaign.hpp"
#include "controller/race/report.hpp"
#include "fusefs/kernel/drain/mutants.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace drainlab::cli {

using client::exit_code;
using client::result;
using client::usage_error;
using race::judgement;

namespace {

std::atomic<bool> stop_asked{false};
extern "C" void ask_to_stop(int) { stop_asked = true; }

/// SIGINT, SIGTERM and SIGHUP end the search at its next schedule while this lives.
class stop_on_signals {
  public:
    stop_on_signals() {
        for (const int s : {SIGINT, SIGTERM, SIGHUP}) std::signal(s, ask_to_stop);
    }
    ~stop_on_signals() {
        for (const int s : {SIGINT, SIGTERM, SIGHUP}) std::signal(s, SIG_DFL);
    }
};

using policies = std::vector<const kernel::drain_policy*>;

policies chosen_policies(const race_options& o) {
    policies chosen;
    const auto add = [&](const kernel::drain_policy* p) {
        if (p && std::find(chosen.begin(), chosen.end(), p) == chosen.end()) chosen.push_back(p);
    };
    const std::vector<std::string> usual{"base", "race", "rmbarrier", "persb"};
    for (const auto& word : o.policies.empty() ? usual : o.policies) {
        if (word == "all")
            for (const auto* p : kernel::drain_policies()) add(p);
        else
            add(kernel::find_drain_policy(word));
    }
    return chosen;
}

/// Small ones first.
result<std::vector<race::world_spec>> chosen_worlds(const race_options& o) {
    std::vector<std::string> words = o.worlds;
    if (words.empty() || std::find(words.begin(), words.end(), "all") != words.end()) {
        BOOST_OUTCOME_TRY(words, known_worlds());
    }
    std::vector<race::world_spec> worlds;
    for (const auto& word : words) {
        BOOST_OUTCOME_TRY(const auto file, client::data_file("worlds", word));
        BOOST_OUTCOME_TRY(auto world, race::read_world(file));
        const auto same = [&](const auto& w) { return w.name == world.name; };
        if (std::find_if(worlds.begin(), worlds.end(), same) == worlds.end()) worlds.push_back(std::move(world));
    }
    const auto size = [](const race::world_spec& w) {
        return std::tuple{!w.unbounded, !w.small, w.tasks.size(), w.inodes.size()};
    };
    std::stable_sort(worlds.begin(), worlds.end(), [&](const auto& a, const auto& b) { return size(a) < size(b); });
    return worlds;
}

result<std::optional<int>> asked_bound(const race_options& o) {
    if (o.preemptions == "auto") return std::optional<int>{};
    if (o.preemptions == "unbounded") return std::optional{-1};
    int n = 0;
    const char* const end = o.preemptions.data() + o.preemptions.size();
    const auto [at, error] = std::from_chars(o.preemptions.data(), end, n);
    if (error != std::errc{} || at != end || n < 0 || n > 1000)
        return usage_error("--preemptions " + o.preemptions + ": must be a number from 0 to 1000, or `unbounded`");
    return std::optional{n};
}

race::search_options search_of(const race_options& o) {
    race::search_options s;
    s.mode = o.mode == "random" ? race::search_mode::random
             : o.mode == "pct"  ? race::search_mode::pct
                                : race::search_mode::exhaustive;
    s.seed = static_cast<std::uint64_t>(o.seed);
    if (o.schedules) s.max_schedules = static_cast<std::uint64_t>(*o.schedules);
    if (s.mode != race::search_mode::exhaustive && !o.schedules && !o.timeout) s.max_schedules = 100'000;
    if (o.timeout) s.max_seconds = std::chrono::duration<double>(*o.timeout).count();
    s.verify_every = o.check_determinism ? 10 : 0;
    return s;
}

bool write_json(const race_options& o, const nlohmann::json& document) {
    if (!o.json) return true;
    if (*o.json == "-") return print_json(document), true;
    std::ofstream out{*o.json, std::ios::trunc};
    out << document.dump(2) << '\n';
    out.close();
    return static_cast<bool>(out);
}

class session final : race::campaign_listener {
  public:
    explicit session(const race_options& o) : o_{o}, to_{o.json == "-" ? stderr : stdout} {}

    result<exit_code> run() {
        BOOST_OUTCOME_TRY(worlds_, chosen_worlds(o_));
        policies_ = chosen_policies(o_);
        BOOST_OUTCOME_TRY(bound_, asked_bound(o_));
        if (o_.json && *o_.json != "-" && !std::ofstream{*o_.json, std::ios::app})
            return client::system_failure("--json " + *o_.json, errno, exit_code::usage);
        const stop_on_signals signals;
        if (o_.schedule) return replay();
        if (o_.mutants) return mutants();
        if (o_.table) return table();
        return searches();
    }

  private:
    int bound_of(const race::world_spec& w) const { return bound_.value_or(w.unbounded ? -1 : w.small ? 3 : 2); }

    result<exit_code> replay() {
        if (policies_.size() != 1 || worlds_.size() != 1)
            return usage_error("--schedule needs one --policy and one --world");
        const auto s = sched::parse_schedule(*o_.schedule);
        if (!s) return usage_error("--schedule " + *o_.schedule + ": is not a schedule; they look like 2:4Ab2B");
        const auto& world = worlds_.front();
        const auto run = race::run_schedule(world, *policies_.front(), *s);
        judgement j{std::string{policies_.front()->id()}, world.name, race::verdict::inconclusive, {}, {}, {}};
        j.search.state.bound = s->preemptions;
        j.search.state.schedules = 1;
        j.search.state.tasks = run.tasks;
        const auto told = race::tell(world, *policies_.front(), *s);
        if (!run.findings.empty()) {
            j.says = race::verdict::violates;
            j.example = race::counterexample{*s, run.findings.front(), told};
        }
        fmt::print(to_, "{}", o_.format == "mermaid" ? race::as_mermaid(told) : race::as_text(told));
        fmt::print(to_, "{} steps, trace {:016x}{}\n", run.steps, run.trace_hash,
                   run.findings.empty() ? ", nothing violated" : "");
        if (!write_json(o_, race::race_document({j}))) return client::system_failure("--json " + *o_.json, errno);
        return run.findings.empty() ? exit_code::fine : exit_code::violated;
    }

    result<exit_code> mutants() {
        race::search_options options = search_of(o_);
        std::vector<race::mutant_result> all;
        for (const auto* mutant : kernel::drain_mutants()) {
            if (!o_.policies.empty() && !wanted(std::string{mutant->id()})) continue;
            options.preemptions = bound_.value_or(2);
            all.push_back(race::kill(*mutant, worlds_, options));
            fmt::print(to_, "{}\n", race::as_line(all.back()));
            if (stop_asked) return exit_code::interrupted;
        }
        const auto alive = std::count_if(all.begin(), all.end(), [](const auto& m) { return !m.killed; });
        fmt::print(to_, "{} mutants, {} killed, {} survived\n", all.size(),
                   all.size() - static_cast<std::size_t>(alive), alive);
        if (!write_json(o_, race::mutants_document(all))) return client::system_failure("--json " + *o_.json, errno);
        return alive == 0 ? exit_code::fine : exit_code::violated;
    }

    bool wanted(const std::string& mutant) const {
        return std::any_of(policies_.begin(), policies_.end(), [&](const auto* p) {
            return mutant == p->id() || mutant.substr(0, mutant.find('~')) == p->id();
        });
    }

    result<exit_code> table() {
        race::search_options options = search_of(o_);
        options.preemptions = bound_.value_or(2);
        if (o_.policies.empty()) policies_ = kernel::drain_policies();
        fmt::print(to_, "{}", race::verdict_table(race::table_columns(worlds_), policies_, options));
        return exit_code::fine;
    }

    result<exit_code> searches() {
        if (o_.checkpoint && o_.mode != "exhaustive")
            return usage_error("--checkpoint goes with --mode exhaustive: a random search has no place to go on from");
        BOOST_OUTCOME_TRY(const auto done,
                          race::run_campaign({worlds_, policies_, search_of(o_),
                                              [this](const auto& w) { return bound_of(w); }, o_.checkpoint},
                                             *this));
        if (done.place_kept) fmt::print(to_, "{}: the same command goes on from there\n", *o_.checkpoint);
        if (!write_json(o_, race::race_document(done.all))) return client::system_failure("--json " + *o_.json, errno);
        if (done.interrupted) return exit_code::interrupted;
        if (done.all.empty())
            return usage_error("nothing to search: none of these policies' kernels had these producers of switches");
        return code_of(done.all);
    }

    // ---- what run_campaign() tells ------------------------------------------------------------------------------------
    bool go_on() override { return !stop_asked; }
    void does_not_apply(const kernel::drain_policy& policy, const race::world_spec& world) override {
        fmt::print(to_, "{:<11} {:<15} its kernels had no such producer of switches\n", policy.id(), world.name);
    }
    void resumes(const kernel::drain_policy& policy, const race::world_spec& world,
                 const race::search_state& from) override {
        fmt::print(to_, "{} {}: goes on after {} schedules\n", policy.id(), world.name, from.schedules);
    }
    void judged(const judgement& j) override {
        clear_progress();
        fmt::print(to_, "{}\n", race::as_line(j));
        if (j.search.state.verified > 0)
            fmt::print(to_, "            {} schedules ran twice with equal traces\n", j.search.state.verified);
        if (j.example) {
            fmt::print(to_, "\n{}\n",
                       o_.format == "mermaid" ? race::as_mermaid(j.example->told) : race::as_text(j.example->told));
            fmt::print(to_, "replay: drainctl race --policy {} --world {} --schedule {}\n\n", j.policy, j.world,
                       sched::to_string(j.example->schedule));
        }
        std::fflush(to_);
    }
    void progress(const kernel::drain_policy& policy, const race::world_spec& world,
                  const race::search_state& s) override {
        if (!isatty(2)) return;
        const double left = s.explored > 0.001 ? s.seconds / s.explored * (1 - s.explored) : -1;
        fmt::print(stderr, "\r\033[K{} {} bound {}: {} schedules, about {:.0f} % of this bound", policy.id(),
                   world.name, race::bound_text(s.bound), s.schedules, 100 * s.explored);
        if (left >= 0) fmt::print(stderr, ", some {:.0f} s left", left);
        shown_ = true;
    }
    void clear_progress() {
        if (std::exchange(shown_, false)) fmt::print(stderr, "\r\033[K");
    }

    static exit_code code_of(const std::vector<judgement>& all) {
        exit_code code = exit_code::fine;
        for (const judgement& j : all) {
            if (j.says == race::verdict::violates) return exit_code::violated;
            if (j.says != race::verdict::safe) code = exit_code::cannot_run;
        }
        return code;
    }

    const race_options& o_;
    std::FILE* to_;
    std::vector<race::world_spec> worlds_;
    policies policies_;
    std::optional<int> bound_;
    bool shown_{};
};

}  // namespace

result<exit_code> run_race(const race_options& o) {
    try {
        return session{o}.run();
    } catch (const sched::nondeterminism& e) {
        return client::failure{"nondeterminism", e.what(), {}, o.schedule ? exit_code::usage : exit_code::broken, 0};
    }
}

}  // namespace drainlab::cli
