// drainctl race
#include "controller/cli/command.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/race_run.hpp"
#include "controller/cli/sim_lazy.hpp"
#include "controller/race/window.hpp"

namespace drainlab::cli {

namespace {

std::vector<std::string> policy_words() {
    auto known = known_policies();
    if (auto mutants = known_mutants()) known.insert(known.end(), mutants.value().begin(), mutants.value().end());
    known.emplace_back("all");
    return known;
}

std::vector<std::string> window_words() {
    std::vector<std::string> words;
    for (const auto& w : race::all_windows()) words.emplace_back(w.name);
    return words;
}

}  // namespace

void declare_race(command& c) {
    auto o = std::make_shared<race_options>();
    c.about("every interleaving of switches and umount, up to a bound: shows the race, or that there is none",
            "drainctl race --policy base,persb --world offline_umount\n"
            "drainctl race --namespace-policy deferred,on_demand");
    c.list("--policy", o->policies, "drain policies or mutants, or `all` policies (default base,race,rmbarrier,persb)")
        .one_of(policy_words);
    c.list(
         "--namespace-policy", o->namespace_policies,
         "namespace policies or mutants, or `all`: how umount parts with lockless walks (without --policy: only these)")
        .one_of(namespace_policy_words);
    c.list("--world", o->worlds,
           "worlds (names or .toml files), or `all`: every one that the policies fit (the default)");
    c.option("--preemptions", o->preemptions,
             "bound: a number or `unbounded`; default: 2, 3 for small worlds, none for the smallest");
    c.option("--schedule", o->schedule, "replay this one schedule and tell it (one policy, one world)");
    c.option("--spinlock-reader", o->spinlock_reader,
             "whether a held spinlock holds back grace periods; default as the world says, which is yes")
        .one_of({"yes", "no"});
    c.flag("--mutants", o->mutants, "break the policies on purpose, step by step: the worlds must catch every mutant");
    c.option("--witness", o->witness, "tell a shortest run that reaches this situation and violates nothing")
        .one_of(window_words);
    c.option("--accepts", o->accepts,
             "a trace (JSON Lines as `curl .../events` gives them, or of a kernel as `lab --trace-dir` keeps them): "
             "does this policy allow it?");
    c.flag("--coverage", o->coverage, "what the searches visited: points, events, which pairs of them never met");
    c.flag("--table", o->table, "the verdict table, policy by world, with and without locks, as Markdown");
    c.flag("--check-determinism", o->check_determinism, "run every tenth schedule twice and compare the traces");
    c.option("--checkpoint", o->checkpoint, "where to keep the place of an interrupted search, and to go on from");
    c.option("--mode", o->mode, "exhaustive, random or pct: for worlds too large to exhaust")
        .one_of({"exhaustive", "random", "pct"});
    c.option("--seed", o->seed, "of random and pct");
    c.option("--jobs", o->jobs, "threads to search with (default: as many as there are CPUs); the result is the same",
             1);
    c.option("--schedules", o->schedules, "stop a search after so many schedules", 1);
    c.option("--timeout", o->timeout, "stop a search after this long");
    c.option("--format", o->format, "how a counterexample is told").one_of({"text", "mermaid"});
    c.json_file(o->json);
    c.note("Exit: 0 safe (all mutants killed), 1 violated (a survivor), 4 vacuous or inconclusive.");
    c.run([o] { return run_race(*o); });
}

}  // namespace drainlab::cli
