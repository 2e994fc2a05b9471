// drainctl race
#include "controller/cli/command.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/race_run.hpp"

namespace drainlab::cli {

namespace {

std::vector<std::string> policy_words() {
    auto known = known_policies();
    if (auto mutants = known_mutants()) known.insert(known.end(), mutants.value().begin(), mutants.value().end());
    known.emplace_back("all");
    return known;
}

}  // namespace

void declare_race(command& c) {
    auto o = std::make_shared<race_options>();
    c.about("every interleaving of switches and umount, up to a bound: shows the race, or that there is none",
            "drainctl race --policy base,persb --world offline_umount");
    c.list("--policy", o->policies, "drain policies or mutants, or `all` policies (default base,race,rmbarrier,persb)")
        .one_of(policy_words);
    c.list("--world", o->worlds, "worlds (names or .toml files), or `all` (the default)");
    c.option("--preemptions", o->preemptions,
             "bound: a number or `unbounded`; default: 2, 3 for small worlds, none for the smallest");
    c.option("--schedule", o->schedule, "replay this one schedule and tell it (one policy, one world)");
    c.flag("--mutants", o->mutants, "break the policies on purpose, step by step: the worlds must catch every mutant");
    c.flag("--table", o->table, "the verdict table, policy by world, with and without locks, as Markdown");
    c.flag("--check-determinism", o->check_determinism, "run every tenth schedule twice and compare the traces");
    c.option("--checkpoint", o->checkpoint, "where to keep the place of an interrupted search, and to go on from");
    c.option("--mode", o->mode, "exhaustive, random or pct: for worlds too large to exhaust")
        .one_of({"exhaustive", "random", "pct"});
    c.option("--seed", o->seed, "of random and pct");
    c.option("--schedules", o->schedules, "stop a search after so many schedules", 1);
    c.option("--timeout", o->timeout, "stop a search after this long");
    c.option("--format", o->format, "how a counterexample is told").one_of({"text", "mermaid"});
    c.json_file(o->json);
    c.note("Exit: 0 safe (all mutants killed), 1 violated (a survivor), 4 vacuous or inconclusive.");
    c.run([o] { return run_race(*o); });
}

}  // namespace drainlab::cli
