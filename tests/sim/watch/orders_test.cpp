// Thousands of seeded orders of what kernel, gate and people may do to one mount.
#include "tests/sim/watch/world.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

using namespace watch_world;

namespace {

/// Of so many worlds, those that this build runs: each costs 40 ms where a sanitizer watches and nothing is optimised,
/// and lines are counted as well with an eighth of them.
#if defined(__OPTIMIZE__) && !defined(DRAINLAB_COVERAGE)
constexpr int of(int worlds) { return worlds; }
#else
constexpr int of(int worlds) { return worlds / 8; }
#endif

/// Runs `count` worlds, or their share; what they have seen.
std::map<std::string, int> run_worlds(troubles t, int count) {
    std::map<std::string, int> seen;
    const char* const only = std::getenv("WATCH_SEED");
    const auto last = static_cast<std::uint64_t>(of(count));
    for (std::uint64_t seed = only ? std::strtoull(only, nullptr, 10) : 1; only || seed <= last; ++seed) {
        world w{seed, t};
        const std::string broken = w.run();
        if (!broken.empty())
            for (const auto& line : w.story()) std::cerr << line << '\n';
        INFO("seed " << seed);
        REQUIRE(broken == "");
        for (const auto& [what, times] : w.marks()) seen[what] += times;
        if (only) break;
    }
    return seen;
}

}  // namespace

TEST_CASE("an unmount, whoever else holds it", "[watch]") {
    auto seen = run_worlds({.holders = true}, 1500);
    CHECK(seen["the superblock is dead, drained"] > of(1480));
}

TEST_CASE("remounts and moves are let through, and the unmount waits all the same", "[watch]") {
    auto seen = run_worlds({.holders = true, .remounts = true, .moves = true}, 1500);
    CHECK(seen["gate_let_through"] > of(300));
    CHECK(seen["the superblock is dead, drained"] > of(1450));
}

TEST_CASE("the gate is interrupted, by signals and debuggers, and holds again", "[watch]") {
    auto seen = run_worlds({.holders = true, .interruptions = true}, 1500);
    CHECK(seen["gate_interrupted"] > of(200));
    CHECK(seen["holds again"] > of(200));
}

TEST_CASE("the gate is stopped and continued", "[watch]") {
    auto seen = run_worlds({.holders = true, .remounts = true, .stops = true}, 1500);
    CHECK(seen["the gate goes on"] > of(300));
    CHECK(seen["the daemon kills the gate"] > 0);
}

TEST_CASE("the gate is killed at any point", "[watch]") {
    auto seen = run_worlds({.holders = true, .remounts = true, .kills = true}, 1500);
    CHECK(seen["the gate dies: somebody killed it"] > of(300));
}

TEST_CASE("holds are renewed before they are too old", "[watch]") {
    auto seen = run_worlds({.holders = true, .remounts = true, .moves = true, .old_holds_end = true}, 400);
    CHECK(seen["gate_closed"] > of(20'000));
    CHECK(seen["the superblock is dead, drained"] > of(380));
}

TEST_CASE("everything at once", "[watch]") {
    auto seen = run_worlds(
        {.holders = true, .remounts = true, .moves = true, .interruptions = true, .stops = true, .kills = true}, 2500);
    CHECK(seen["the superblock is dead, not drained"] > 0);
    CHECK(seen["the superblock is dead, drained"] > of(1200));
}
