// What `drainctl race` does once its words are parsed.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/words/words.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// The words of `drainctl race`, of which only their spelling has been checked.
struct race_options {
    std::vector<std::string> policies, namespace_policies, worlds;
    std::string preemptions = "auto", mode = "exhaustive", format = "text";
    std::optional<std::string> witness, accepts;
    bool coverage = false;
    std::optional<std::string> schedule, checkpoint, json;
    std::string spinlock_reader = "yes";
    bool mutants = false, table = false, check_determinism = false;
    std::int64_t seed = 1;
    std::optional<std::int64_t> schedules;
    std::optional<std::int64_t> jobs;
    std::optional<words::duration> timeout;
};

/// Runs the searches, or the mutants, the table, one schedule; prints; the exit code.
client::result<client::exit_code> run_race(const race_options& o);

}  // namespace drainlab::cli
