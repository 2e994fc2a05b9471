#include "controller/cli/race_choice.hpp"

#include "controller/cli/known.hpp"
#include "controller/words/data_dir.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <tuple>
#include <utility>

namespace drainlab::cli {

using client::result;
using client::usage_error;

namespace {

/// What `asked` names, each once, in its order; `all` and nothing stand for lists.
template <class Policy, class Find>
std::vector<const Policy*> chosen(const std::vector<std::string>& asked, const std::vector<const Policy*>& usual,
                                  const std::vector<const Policy*>& all, Find find) {
    if (asked.empty()) return usual;
    std::vector<const Policy*> list;
    const auto add = [&](const Policy* p) {
        if (p && std::find(list.begin(), list.end(), p) == list.end()) list.push_back(p);
    };
    for (const auto& word : asked) {
        if (word == "all")
            for (const auto* p : all) add(p);
        else
            add(find(word));
    }
    return list;
}

/// Whether the words of the command line ask for this world: by name, or because
/// `all` worlds that the given policies fit are meant. Drain policies alone, or no
/// policy at all, mean worlds of switches alone; both halves given, all worlds.
bool asked_for(const race_options& o, const race::world_spec& w) {
    if ((o.mutants || o.witness) && o.policies.empty() && o.namespace_policies.empty()) return true;
    if (w.has_mounts() && o.namespace_policies.empty()) return false;
    return !w.has_switches() || !o.policies.empty() || o.namespace_policies.empty();
}

}  // namespace

drain_list chosen_drains(const race_options& o) {
    drain_list usual;
    for (const char* id : {"base", "race", "rmbarrier", "persb"}) usual.push_back(kernel::find_drain_policy(id));
    return chosen(o.policies, usual, kernel::drain_policies(), kernel::find_drain_policy);
}

namespace_list chosen_names(const race_options& o) {
    const auto& all = kernel::namespace_policies();
    return chosen(o.namespace_policies, all, all, kernel::find_namespace_policy);
}

result<std::vector<race::world_spec>> chosen_worlds(const race_options& o) {
    std::vector<std::string> words = o.worlds;
    const bool every = words.empty() || std::find(words.begin(), words.end(), "all") != words.end();
    if (every) { BOOST_OUTCOME_TRY(words, known_worlds()); }
    std::vector<race::world_spec> worlds;
    for (const auto& word : words) {
        BOOST_OUTCOME_TRY(const auto file, words::data_file("worlds", word));
        BOOST_OUTCOME_TRY(auto world, race::read_world(file));
        if (every && !asked_for(o, world)) continue;
        if (o.spinlock_reader != "yes" && std::exchange(world.spinlock_is_reader, false)) ++world.fingerprint;
        const auto same = [&](const auto& w) { return w.name == world.name; };
        if (std::find_if(worlds.begin(), worlds.end(), same) == worlds.end()) worlds.push_back(std::move(world));
    }
    const auto size = [](const race::world_spec& w) {
        return std::tuple{w.has_mounts(), !w.unbounded, !w.small, w.tasks.size(), w.inodes.size()};
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

}  // namespace drainlab::cli
