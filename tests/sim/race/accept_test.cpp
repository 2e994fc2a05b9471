// Traces held against the model: its own are accepted, and those in which an event was moved across another are not.
#include "controller/race/accept.hpp"

#include "controller/race/world.hpp"
#include "fusefs/sched/random.hpp"
#include "tests/sim/race/worlds.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

namespace {

struct recorder final : run_listener {
    void runs(const sched::fiber&) override {}
    void passes(const sched::fiber&, sched::point, bool) override {}
    void violated(const kernel::violation&) override {}
    void traced(const kernel::trace_event& e) override {
        if (e.sb == "A" && observable_events().contains(e.name))
            trace.push_back({std::string{e.name}, "A", trace.size() + 1});
    }
    std::vector<observed> trace;
};

/// A run with random choices.
std::vector<observed> random_trace(const world_spec& w, const subject& under, std::uint64_t seed) {
    sched::random_walk choices{seed};
    world_run run{w, under, choices, options_of(w, -1)};
    recorder r;
    run.listen(r);
    run.run();
    return r.trace;
}

bool accepted(const std::vector<observed>& trace, const subject& under) {
    const auto all = accept(trace, under, under.drain && under.names ? 5'000 : 100'000);
    return std::all_of(all.begin(), all.end(), [](const acceptance& a) { return a.accepted; });
}

}  // namespace

TEST_CASE("a run of the model is accepted under its own policy, with a schedule", "[race][accept]") {
    for (const char* id : {"base", "race", "rmbarrier", "persb", "rework"})
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            CAPTURE(id, seed);
            const auto trace = random_trace(world("container_exit"), policy(id), seed);
            const auto all = accept(trace, policy(id));
            REQUIRE(all.size() == 1);
            CHECK(all[0].accepted);
        }
    for (const auto* under : kernel::namespace_policies())
        for (std::uint64_t seed = 1; seed <= 8; ++seed)
            for (const char* name : {"ns_alone", "ns_mkfs"}) {
                CAPTURE(under->id(), seed, name);
                CHECK(accepted(random_trace(world(name), *under, seed), *under));
            }
}

TEST_CASE("it is rejected under a wrong one: the first event that does not fit, and what was wanted instead",
          "[race][accept]") {
    const std::vector<observed> trace{{"isw_prepared", "A", 1},
                                      {"sb_inactive", "A", 2},
                                      {"drain_begins", "A", 3},
                                      {"drain_synchronize_rcu", "A", 4},
                                      {"inode_switch_wbs_queue", "A", 5},
                                      {"inode_switch_wbs", "A", 6},
                                      {"drain_flush_isw_wq", "A", 7},
                                      {"drained", "A", 8},
                                      {"dead", "A", 9}};
    // rmbarrier's synchronize_rcu() waits for the section that ends behind the queueing
    const auto early = accept(trace, policy("rmbarrier"));
    REQUIRE(early.size() == 1);
    CHECK(early[0].refused == "drain_synchronize_rcu");
    CHECK(early[0].wanted.contains("inode_switch_wbs_queue"));
    auto right = trace;
    std::swap(right[3].name, right[4].name);
    CHECK(accepted(right, policy("rmbarrier")));
    for (const char* id : {"base", "persb"}) {
        const auto all = accept(right, policy(id));
        CAPTURE(id);
        REQUIRE(all.size() == 1);
        CHECK_FALSE(all[0].accepted);
        CHECK(all[0].exhausted);
        CHECK(all[0].refused == "drain_synchronize_rcu");
        CHECK(all[0].line == 5);
    }
    CHECK_FALSE(accepted(random_trace(world("ns_mkfs"), names("deferred"), 3), names("expedited")));
    CHECK_FALSE(accepted(random_trace(world("ns_mkfs"), names("expedited"), 3), names("on_demand")));
}

namespace {

struct order {
    std::string first, second;
};

/// Whose traces, and what its protocol orders whatever the schedule.
struct source {
    world_spec world;
    subject under;
    std::vector<order> orders;
};

/// Every pair of events that come in one order in all runs with up to two preemptions.
std::vector<order> orders_of(const world_spec& w, const subject& under) {
    std::map<std::pair<std::string, std::string>, int> runs, in_order;
    sched::depth_first choices;
    do {
        world_run run{w, under, choices, options_of(w, 2)};
        recorder r;
        run.listen(r);
        run.run();
        std::map<std::string, std::size_t> first;
        for (const observed& o : r.trace) first.try_emplace(o.name, o.line);
        for (const auto& [x, at_x] : first)
            for (const auto& [y, at_y] : first) {
                ++runs[{x, y}];
                in_order[{x, y}] += at_x < at_y;
            }
    } while (choices.next());
    std::vector<order> all;
    for (const auto& [pair, n] : runs)
        if (in_order[pair] == n) all.push_back({pair.first, pair.second});
    return all;
}

std::vector<source> sources() {
    std::vector<source> all;
    const auto add = [&](const char* name, const subject& under) {
        all.push_back({world(name), under, orders_of(world(name), under)});
        CHECK(all.back().orders.size() > 10);
    };
    add("container_exit", policy("persb"));
    add("ns_alone", names("expedited"));
    add("container_exit", policy("rmbarrier"));
    add("ns_mkfs", names("on_demand"));
    add("both_delayed_put", {&policy("persb"), &names("expedited")});
    return all;
}

/// The first `o.first` of `trace` right behind the first `o.second`; nothing if they do not come in that order.
std::vector<observed> moved_across(std::vector<observed> trace, const order& o) {
    const auto find = [&](std::string_view name) {
        return std::find_if(trace.begin(), trace.end(), [&](const observed& e) { return e.name == name; });
    };
    const auto a = find(o.first), b = find(o.second);
    if (a == trace.end() || b == trace.end() || b < a) return {};
    std::rotate(a, a + 1, b + 1);
    return trace;
}

/// As a daemon tells it, which sees its mount from outside.
std::vector<observed> from_outside(std::vector<observed> trace) {
    for (observed& o : trace) {
        if (o.name == "mnt_unhashed") o.name = "detached";
        if (o.name == "cleanup_mnt") o.name = "dying";
    }
    std::erase_if(trace, [](const observed& o) {
        return o.name.starts_with("grace_period") || o.name.starts_with("put_") || o.name == "deferred" ||
               o.name == "without_grace_period";
    });
    return trace;
}

}  // namespace

TEST_CASE("of traces with one event moved across another that it is ordered against, 95 in 100 are rejected",
          "[race][accept]") {
    const auto all = sources();
    int moved = 0, rejected = 0;
    std::map<std::string, int> kinds;
    for (std::uint64_t seed = 1; moved < 200 && seed < 2000; ++seed) {
        const source& from = all[seed % all.size()];
        const order& across = from.orders[seed / all.size() % from.orders.size()];
        const auto trace = random_trace(from.world, from.under, seed);
        const auto wrong = moved_across(trace, across);
        if (wrong.empty()) continue;
        CAPTURE(from.world.name, seed, across.first, across.second);
        if (moved < 40) CHECK(accepted(trace, from.under));
        ++moved;
        const bool ok = accepted(wrong, from.under);
        rejected += !ok;
        if (ok) ++kinds[across.first + " after " + across.second];
    }
    // Why a wrong trace may be accepted all the same.
    const std::map<std::string, std::string> explained{};
    for (const auto& [kind, n] : kinds) {
        CAPTURE(kind, n);
        CHECK(explained.contains(kind));
    }
    REQUIRE(moved == 200);
    CHECK(rejected >= 190);
}

TEST_CASE("a daemon sees its mount from outside: its name gone, its superblock's last reference gone",
          "[race][accept]") {
    const subject both{&policy("persb"), &names("expedited")};
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const auto trace = from_outside(random_trace(world("both_delayed_put"), both, seed));
        std::string told;
        for (const observed& o : trace) told += o.name + " ";
        CAPTURE(told);
        CHECK(accepted(trace, both));
        CHECK(accepted(trace, policy("persb")));  // without a namespace policy, of the drain alone
        const auto died_first = moved_across(trace, {"detached", "dying"});
        REQUIRE_FALSE(died_first.empty());
        CHECK_FALSE(accepted(died_first, both));
        CHECK_FALSE(accepted(moved_across(trace, {"dying", "sb_inactive"}), both));
    }
}

TEST_CASE("a trace is read as /events gives it; what is no event is refused with its line", "[race][accept]") {
    const std::string file = std::filesystem::temp_directory_path() / ("trace-" + std::to_string(getpid()) + ".jsonl");
    const auto reads = [&](const std::string& text) {
        std::ofstream{file} << text;
        return read_trace(file);
    };
    const auto fine = reads(
        "data: {\"t_ns\":1,\"event\":\"sb_inactive\",\"mount\":\"A\"}\n\n: "
        "idle\n{\"event\":\"gate_opened\",\"mount\":\"A\"}\n"
        "{\"event\":\"dead\",\"mount\":\"A\"}\n");
    REQUIRE(fine);
    REQUIRE(fine.value().size() == 2);
    CHECK(fine.value()[1].name == "dead");
    CHECK(fine.value()[1].line == 5);
    for (const char* bad : {"not json\n", "[1]\n", "{\"event\":3}\n"}) {
        const auto r = reads(std::string{"{\"event\":\"dead\",\"mount\":\"A\"}\n"} + bad);
        REQUIRE_FALSE(r);
        CHECK(r.error().message.starts_with(file + ":2: "));
    }
    CHECK_FALSE(reads("{\"event\":\"gate_opened\",\"mount\":\"A\"}\n"));
    CHECK_FALSE(read_trace(file + ".no"));
    std::filesystem::remove(file);
}
