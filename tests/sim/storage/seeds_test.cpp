// Thousands of mounts on faulty stores: what was acknowledged is there, or its loss was told; never neither.
//
// DRAINLAB_SEED=N runs that seed only, and prints what happens in it; DRAINLAB_SEEDS=N runs N times as many.
#include "fusefs/sched/mark.hpp"
#include "tests/sim/storage/world.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <signal.h>
#include <unistd.h>

using namespace drainlab::tests;

namespace {

std::uint64_t running_seed;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool few = true;  // they cost twenty times as much
#else
constexpr bool few = false;
#endif

/// A failed assertion of the model ends the process: then this says where.
void say_seed(int) {
    char text[64];
    const int n =
        std::snprintf(text, sizeof text, "DRAINLAB_SEED=%llu\n", static_cast<unsigned long long>(running_seed));
    (void)!::write(2, text, static_cast<std::size_t>(n));
    ::_exit(1);
}

/// How many of `count` seeds show something wrong; `rules(seed)` makes each world. Fails at the first, unless
/// `expected`.
template <class Rules>
unsigned run_seeds(std::uint64_t count, Rules rules, bool expected = false) {
    ::signal(SIGABRT, say_seed);
    ::signal(SIGSEGV, say_seed);
    const char* const only = std::getenv("DRAINLAB_SEED");
    const std::uint64_t first = only ? std::strtoull(only, nullptr, 10) : 1;
    if (const char* const more = std::getenv("DRAINLAB_SEEDS")) count *= std::strtoull(more, nullptr, 10);
    if (few && !expected) count /= 20;
    unsigned bad = 0;
    for (std::uint64_t seed = first; seed < (only ? first + 1 : count + 1); ++seed) {
        running_seed = seed;
        world w{seed, rules(seed)};
        const std::string wrong = w.run();
        if (only) std::printf("%s", w.story().c_str());
        if (wrong.empty()) continue;
        ++bad;
        if (!expected) FAIL("DRAINLAB_SEED=" << seed << ": " << wrong << "\n" << w.story());
    }
    return bad;
}

/// What a healthy store may do: less than it was asked, late, interrupted.
fault_plan healthy() {
    fault_plan p;
    p.cut = 4;
    p.interrupted = 8;
    p.late = 4;
    return p;
}

world_rules on_disk(fault_plan plan) {
    world_rules r;
    r.plan = plan;
    return r;
}

world_rules in_memory(fault_plan plan) {
    world_rules r = on_disk(plan);
    r.plan.interrupted = r.plan.late = 0;
    r.memory = true;
    return r;
}

/// Some seeds with a cache so small that writers wait, and pages go.
world_rules sometimes_small(std::uint64_t seed, world_rules r) {
    if (seed % 3 == 0) r.limits = {24 * 4096, 32 * 4096};
    return r;
}

}  // namespace

TEST_CASE("On a store that is slow and does things by halves, every byte is there and nobody hears of it", "[store]") {
    run_seeds(400, [](auto seed) { return sometimes_small(seed, on_disk(healthy())); });
}

TEST_CASE("So it is on a store in memory", "[store]") {
    run_seeds(200, [](auto seed) { return sometimes_small(seed, in_memory(healthy())); });
}

TEST_CASE("A store that is nearly full says so to the writer, and what was taken is there", "[store]") {
    run_seeds(600, [](auto seed) {
        auto r = sometimes_small(seed, seed % 4 ? on_disk(healthy()) : in_memory(healthy()));
        r.full = true;
        r.plan.capacity = 4 + seed % 60;
        return r;
    });
}

TEST_CASE("Where others fill the store meanwhile, what is lost is told", "[store]") {
    run_seeds(400, [](auto seed) {
        auto r = sometimes_small(seed, on_disk(healthy()));
        r.full = r.errors = true;
        r.plan.capacity = 20 + seed % 60;
        r.plan.neighbour = 6;
        return r;
    });
}

TEST_CASE("Any call may fail: what is lost is told", "[store]") {
    run_seeds(800, [](auto seed) {
        auto r = sometimes_small(seed, seed % 4 ? on_disk(healthy()) : in_memory(healthy()));
        r.errors = true;
        r.plan.io_error = 3 + seed % 40;
        r.plan.no_space = seed % 2 ? 10 : 0;
        return r;
    });
}

TEST_CASE("A daemon killed at any call leaves what it has acknowledged", "[store]") {
    run_seeds(800, [](auto seed) {
        auto r = sometimes_small(seed, seed % 4 ? on_disk(healthy()) : in_memory(healthy()));
        r.end = ending::kill;
        r.plan.last_call = 1 + seed % 200;
        return r;
    });
}

TEST_CASE("After a loss of power at any call what was synced is there", "[store]") {
    run_seeds(800, [](auto seed) {
        auto r = sometimes_small(seed, on_disk(healthy()));
        r.end = ending::power;
        r.plan.last_call = 1 + seed % 200;
        return r;
    });
}

TEST_CASE("A store that freezes, and thaws or is given up, loses nothing in silence", "[store]") {
    run_seeds(400, [](auto seed) {
        auto r = sometimes_small(seed, on_disk(healthy()));
        r.errors = r.freezes = true;
        r.users = 4;
        return r;
    });
}

TEST_CASE("These worlds go every way that the page cache knows", "[store]") {
    using drainlab::sched::must_reach;
    const must_reach<"write: a page has to be read"> page;
    const must_reach<"write: room is not known"> room;
    const must_reach<"write: too much is dirty"> dirty;
    const must_reach<"write: to the store, before it is answered"> direct;
    const must_reach<"read: a page from the store is old"> old;
    const must_reach<"writeback: another round has the page"> round;
    const must_reach<"writeback: a truncation is under way"> truncation;
    const must_reach<"writeback: the file was changed while its times were told"> changed;
    const must_reach<"writeback: the file ends where the store says"> end;
    const must_reach<"cache: too many pages"> reclaim;
    const must_reach<"open: what the store said is old"> reopened;
    run_seeds(400, [](auto seed) {
        auto r = sometimes_small(seed, on_disk(healthy()));
        r.full = r.errors = true;
        r.plan.io_error = 40;
        if (seed % 5 == 0) r.limits = {4 * 4096, 8 * 4096};
        r.plan.capacity = seed % 2 ? 20 + seed % 60 : 0;
        return r;
    });
    if (few) return;  // so few do not go everywhere
    CHECK(page.reached());
    CHECK(room.reached());
    CHECK(dirty.reached());
    CHECK(direct.reached());
    CHECK(old.reached());
    CHECK(round.reached());
    CHECK(truncation.reached());
    CHECK(changed.reached());
    CHECK(end.reached());
    CHECK(reclaim.reached());
    CHECK(reopened.reached());
}

TEST_CASE("The harness finds a store that drops what it says it has taken", "[store]") {
    const unsigned found = run_seeds(
        50,
        [](auto) {
            auto r = on_disk({});
            r.plan.lies_at_write = true;
            return r;
        },
        true);
    CHECK(found > 40);
}

TEST_CASE("The harness finds an fsync that only says that it was one", "[store]") {
    const unsigned found = run_seeds(
        200,
        [](auto seed) {
            auto r = on_disk({});
            r.end = ending::power;
            r.plan.last_call = 50 + seed % 150;
            r.plan.lies_at_fsync = true;
            return r;
        },
        true);
    CHECK(found > 50);
}
