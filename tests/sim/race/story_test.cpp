#include "controller/race/report.hpp"
#include "tests/sim/race/worlds.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

namespace {

/// Found once and kept. Of another version of the model if this
/// test fails: `drainctl race --policy base` gives a new one.
constexpr const char* kept = "1:A4AA";

}  // namespace

TEST_CASE("a kept schedule gives the same violation, and the same trace every time", "[race][replay]") {
    const auto s = sched::parse_schedule(kept);
    REQUIRE(s);
    const auto r = run_schedule(world("offline_one"), policy("base"), *s);
    REQUIRE_FALSE(r.findings.empty());
    CHECK(r.findings.front().message == "VFS: Busy inodes after unmount of A (drainfs)");
    const auto again = run_schedule(world("offline_one"), policy("base"), *s);
    CHECK(r.trace_hash == again.trace_hash);
    CHECK(r.steps == again.steps);
}

TEST_CASE("the same schedule gives the same trace in every build and under sanitizers", "[race][replay]") {
    const auto trace = [](const char* id, const char* name, const char* schedule) {
        return run_schedule(world(name), policy(id), *sched::parse_schedule(schedule)).trace_hash;
    };
    // As `drainctl race --schedule` prints them. They change with the model, never with the compiler.
    CHECK(trace("base", "offline_one", kept) == 0x572b16b3d7335c22u);
    CHECK(trace("flush", "flusher", "0:1A1AA") == 0xe7d7e1c400cc15a8u);
}

TEST_CASE("the story goes from the switch through umount to the kernel's own message", "[race][story]") {
    const auto told = tell(world("offline_one"), policy("base"), *sched::parse_schedule(kept));
    const auto text = as_text(told, 120);
    std::size_t at = 0;
    for (const char* next : {"a switch is", "preempted at", "SB_ACTIVE of A is", "rcu_barrier returns",
                             "flush_workqueue(isw_wq)", "evict_inodes: skips", "wb_queue_isw", "freed percpu_counter",
                             "VFS: Busy inodes after unmount of A (drainfs)"}) {
        CAPTURE(next, text);
        at = text.find(next, at);
        REQUIRE(at != std::string::npos);
    }
    for (const auto& row : told.rows) {
        CHECK(row.umount.empty() != row.switcher.empty());
        CHECK_FALSE(row.state.empty());
    }
}

TEST_CASE("listening to a run does not change it", "[race][story]") {
    struct silent final : run_listener {
        void runs(const sched::fiber&) override {}
        void passes(const sched::fiber&, sched::point, bool) override {}
        void traced(const kernel::trace_event&) override {}
        void violated(const kernel::violation&) override {}
    } listener;
    const auto s = *sched::parse_schedule(kept);
    CHECK(run_schedule(world("offline_one"), policy("base"), s, &listener).trace_hash ==
          run_schedule(world("offline_one"), policy("base"), s).trace_hash);
}

TEST_CASE("a mermaid diagram has a participant per task and a note per step", "[race][story]") {
    const auto told = tell(world("offline_one"), policy("base"), *sched::parse_schedule(kept));
    const auto text = as_mermaid(told);
    CHECK(text.starts_with("sequenceDiagram\n"));
    std::size_t notes = 0, participants = 0;
    for (std::size_t at = 0; (at = text.find("Note over", at)) != std::string::npos; ++at) ++notes;
    for (std::size_t at = 0; (at = text.find("participant", at)) != std::string::npos; ++at) ++participants;
    CHECK(notes == told.rows.size() + 1);
    CHECK(participants == 3);
}

TEST_CASE("results as JSON have every key, and its schedule replays", "[race][json]") {
    const std::vector all{judge(world("offline_one"), policy("base"), up_to(2)),
                          judge(world("fsync"), policy("persb"), up_to(2))};
    const auto document = nlohmann::json::parse(drainlab::report::to_json(document_of(all)));
    CHECK(document["schema"] == "drainlab.race/1");
    for (const auto& r : document["results"])
        for (const char* key : {"policy", "world", "verdict", "exhausted", "preemptions", "schedules", "tasks",
                                "choice_points", "seconds", "windows", "counterexample"})
            CHECK(r.contains(key));
    const auto& found = document["results"][0]["counterexample"];
    CHECK(found["invariant"] == "busy_inodes");
    CHECK(found["steps"] == found["story"].size());
    for (const char* key : {"task", "umount", "switcher", "state"}) CHECK(found["story"][0].contains(key));
    const auto s = sched::parse_schedule(found["schedule"].get<std::string>());
    REQUIRE(s);
    CHECK_FALSE(run_schedule(world("offline_one"), policy("base"), *s).findings.empty());
    CHECK(document["results"][1]["counterexample"].is_null());
    CHECK(document["results"][1]["windows"]["prepared_unqueued"]["excluded_by"] == "open_file");
}

TEST_CASE("a story fits its terminal", "[race][story]") {
    const auto told = tell(world("offline_one"), policy("base"), *sched::parse_schedule(kept));
    for (const int columns : {80, 100, 120}) {
        std::istringstream lines{as_text(told, columns)};
        for (std::string line; std::getline(lines, line);) CHECK(line.size() <= static_cast<std::size_t>(columns));
    }
}
