// What a modelled machine traces: unmounts, grace periods, who has which CPU.
#include "tests/sim/simulator/runs.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace drainlab;
using namespace drainlab::tests;

namespace {

sim::grid recorded(bool events) {
    auto g = grid_of({"idle_cross_pressure"}, {"base"}, 5);
    g.machine.events = events;
    return g;
}

std::int64_t value_of(const report::traced_event& e, const std::string& key) {
    for (const auto& [k, v] : e.values)
        if (k == key) return v;
    FAIL(e.name << " has no " << key);
    return 0;
}

}  // namespace

TEST_CASE("recording changes no figure", "[sim][events]") {
    const auto plain = simulate(recorded(false)), with_events = simulate(recorded(true));
    CHECK(plain.cells.front().umount_ns == with_events.cells.front().umount_ns);
    CHECK(plain.cells.front().events.empty());
    CHECK_FALSE(with_events.cells.front().events.empty());
}

TEST_CASE("an unmount is called, detached, drained and dead before it returns, as long as its sample says",
          "[sim][events]") {
    const auto c = simulate(recorded(true)).cells.front();
    std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>> by_mount;
    std::int64_t last = 0;
    bool in_order = true;
    for (const auto& e : c.events) {
        if (e.name == "runs") continue;  // told when it ends
        in_order = in_order && e.t_ns >= last;
        last = e.t_ns;
        if (e.mount.starts_with("target")) by_mount[e.mount].emplace_back(e.name, e.t_ns);
    }
    CHECK(in_order);
    std::set<std::uint64_t> lengths;
    for (const auto& [mount, events] : by_mount) {
        CAPTURE(mount);
        std::int64_t at = 0;
        std::map<std::string, std::int64_t> first;
        for (const auto& [name, t] : events) first.try_emplace(name, t);
        for (const char* name : {"umount_called", "detached", "drain_begins", "drained", "dead", "umount_returned"}) {
            CAPTURE(name);
            REQUIRE(first.contains(name));
            CHECK(first[name] >= at);
            at = first[name];
        }
        lengths.insert(static_cast<std::uint64_t>(first["umount_returned"] - first["umount_called"]));
    }
    for (const auto ns : c.umount_ns) CHECK(lengths.contains(ns));
}

TEST_CASE("grace periods are numbered one after another, and end before the next begins", "[sim][events]") {
    const auto c = simulate(recorded(true)).cells.front();
    std::int64_t running = 0, before = 0;
    int ended = 0;
    for (const auto& e : c.events) {
        if (e.name == "rcu_gp_start") {
            CHECK(running == 0);
            running = value_of(e, "gp_seq");
            if (before > 0) CHECK(running == before + 1);
        } else if (e.name == "rcu_gp_end") {
            if (running > 0) CHECK(value_of(e, "gp_seq") == running);
            before = value_of(e, "gp_seq");
            running = 0;
            ++ended;
        }
    }
    CHECK(ended > 10);
}

TEST_CASE("no CPU has two at once, and turns of one that follow each other are one", "[sim][events]") {
    const auto g = recorded(true);
    const auto c = simulate(g).cells.front();
    std::map<int, std::vector<const report::traced_event*>> turns;
    for (const auto& e : c.events)
        if (e.name == "runs") {
            REQUIRE(e.cpu);
            CHECK(value_of(e, "ns") > 0);
            turns[*e.cpu].push_back(&e);
        }
    CHECK(turns.size() > 1);
    CHECK(turns.rbegin()->first < g.machine.profile.cpus);
    int overlaps = 0;
    for (const auto& [cpu, all] : turns)
        for (std::size_t n = 1; n < all.size(); ++n)
            overlaps += all[n - 1]->t_ns + value_of(*all[n - 1], "ns") > all[n]->t_ns;
    CHECK(overlaps == 0);
}
