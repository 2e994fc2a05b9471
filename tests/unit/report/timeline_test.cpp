#include "controller/report/timeline.hpp"

#include "controller/report/export.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace drainlab::report;
using nlohmann::json;

namespace {

traced_event at(std::int64_t t, const char* name, const char* mount = "") { return {t, name, mount, "umount", {}, {}}; }

std::vector<traced_event> one_unmount() {
    return {at(1000, "umount_called", "a"), {1500, "runs", "", "burner", 3, {{"ns", 700}}},
            at(2000, "rcu_gp_start"),       at(2500, "sb_inactive", "a"),
            at(3000, "drain_begins", "a"),  at(3500, "umount_called", "b"),
            at(4000, "rcu_gp_end"),         at(5000, "drained", "a"),
            at(6000, "dead", "a"),          at(7000, "umount_returned", "a")};
}

result recorded() {
    result r;
    cell c;
    c.scenario = "idle";
    c.policy = "base";
    c.umount_ns = {6000};
    c.samples = 1;
    c.events = one_unmount();
    r.cells = {c};
    return r;
}

const time_span& span_of(const timeline& line, const std::string& track, const std::string& what) {
    for (const auto& s : line.spans)
        if (s.track == track && s.what == what) return s;
    FAIL("no span " << what << " on " << track);
    return line.spans.front();
}

}  // namespace

TEST_CASE("what begins and ends on a mount, a CPU and in RCU is a span", "[timeline]") {
    const auto events = one_unmount();
    const auto line = timeline_of(events);
    CHECK(span_of(line, "a", "umount").from_ns == 1000);
    CHECK(span_of(line, "a", "umount").to_ns == 7000);
    CHECK(span_of(line, "a", "cgroup_writeback_umount").to_ns == 5000);
    CHECK(span_of(line, "a", "generic_shutdown_super").from_ns == 2500);
    CHECK(span_of(line, "rcu", "grace period").to_ns == 4000);
    CHECK(span_of(line, "CPU 3", "burner").to_ns == 2200);
    CHECK(span_of(line, "b", "umount").to_ns == 7000);  // no end was seen
    CHECK(line.instants.size() == events.size() - 1);
}

TEST_CASE("an end whose beginning came before the recording is no span", "[timeline]") {
    const std::vector<traced_event> late{at(10, "drained", "a"), at(20, "rcu_gp_end")};
    CHECK(timeline_of(late).spans.empty());
}

TEST_CASE("a Chrome trace has a track per mount and CPU, and every beginning an end", "[timeline]") {
    const auto events = json::parse(to_chrome_trace(recorded()))["traceEvents"];
    std::set<std::string> tracks;
    std::multiset<std::string> open;
    for (const auto& e : events) {
        if (e["name"] == "thread_name") tracks.insert(e["args"]["name"]);
        if (e["ph"] == "b") open.insert(e["id"].get<std::string>() + e["name"].get<std::string>());
        if (e["ph"] != "e") continue;
        const auto begun = open.find(e["id"].get<std::string>() + e["name"].get<std::string>());
        REQUIRE(begun != open.end());
        open.erase(begun);
    }
    CHECK(open.empty());
    CHECK(tracks == std::set<std::string>{"a", "b", "machine", "rcu", "CPU 3"});
}

TEST_CASE("the text of a trace has the kernel's names, a line each, in order", "[timeline]") {
    const auto text = to_ftrace(recorded());
    CHECK(text.starts_with("# tracer: drainlab\n"));
    for (const char* name :
         {"sys_umount__entry: sb=a", "rcu_grace_period__start:", "cgroup_writeback_umount__entry: sb=a",
          "cgroup_writeback_umount__return: sb=a", "generic_shutdown_super__return: sb=a"})
        CHECK(text.find(name) != std::string::npos);
    CHECK(text.find("burner") == std::string::npos);  // who has a CPU is no event
    CHECK(text.find("cgroup_writeback_umount__entry") < text.find("cgroup_writeback_umount__return"));
}

TEST_CASE("without recorded events the phases of each unmount are the trace", "[timeline]") {
    auto r = recorded();
    auto& c = r.cells.front();
    c.events.clear();
    umount_sample s;
    s.umount_ns = 6000;
    s.detached_ns = 100;
    s.drain_begins_ns = 200;
    s.in_flight_at_entry = 3;
    s.drained_ns = 4000;
    s.dead_ns = 5000;
    c.unmounts = {s};
    CHECK(to_ftrace(r).find("cgroup_writeback_umount__entry: sb=idle.0 in_flight=3") != std::string::npos);
    CHECK(to_chrome_trace(r).find("unmounts one after another") != std::string::npos);
}

TEST_CASE("names cannot forge a line", "[timeline]") {
    CHECK(one_word("a b\nc:d") == "a_b_c_d");
    auto r = recorded();
    r.cells.front().scenario = "x\n# y";
    for (auto& e : r.cells.front().events) e.mount = "m\nforged-1 [000] ..... 1.0: dead: sb=x";
    const auto text = to_ftrace(r);
    CHECK(text.find("\nforged") == std::string::npos);
    CHECK(text.find("\n# y") == std::string::npos);
}
