#include "controller/report/text.hpp"
#include "controller/result/collect.hpp"
#include "controller/result/write.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace drainlab::report;
using nlohmann::json;

namespace {

result sample() {
    result r;
    r.tool = {"drainlab", "0.1.0", "abc"};
    r.run.seed = 7;
    r.run.umount = "umount8";
    for (const auto* policy : {"persb", "base"}) {
        collector all{"idle", policy};
        for (std::uint64_t i = 1; i <= 20; ++i) {
            cycle_sample c;
            umount_sample u;
            u.umount_ns = i * (policy == std::string{"base"} ? 10'000'000 : 1'000'000);
            u.drain_calls = 1;
            u.drain_waited = policy == std::string{"base"} ? 1 : 0;
            c.umounts = {u};
            all.add(c);
        }
        r.cells.push_back(all.make());
    }
    finish(r, "persb", 7);
    return r;
}

std::vector<std::string> keys(const json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
}

}  // namespace

TEST_CASE("the JSON has every key of the schema, null where it does not apply", "[json]") {
    result r;
    r.cells.push_back(collector{"idle", "base"}.make());
    r.comparisons.push_back({"idle", "base", "persb", 2.0, {1.5, 2.5}});
    const auto j = json::parse(to_json(r));
    using names = std::vector<std::string>;
    CHECK(keys(j) == names{"cells", "comparisons", "complete", "environment", "run", "schema", "tool"});
    CHECK(j["schema"] == "drainlab.result/1");
    CHECK(keys(j["tool"]) == names{"git", "name", "version"});
    CHECK(keys(j["environment"]) == names{"cgroup_root", "cpus", "detach_event", "governor", "identity", "kernel",
                                          "libfuse", "memcg_death", "memory_mib", "root", "umount_wait"});
    CHECK(j["environment"]["cgroup_root"].is_null());
    CHECK(keys(j["run"]) == names{"accel", "command", "elapsed_s", "grid_cells", "load_average", "mode", "order",
                                  "profile", "samples", "seed", "shard", "started", "umount", "warnings", "workload"});
    const auto& c = j["cells"][0];
    CHECK(keys(c) == names{"drain",
                           "guessed_bytes",
                           "kernel",
                           "loop_lag_us",
                           "modelled_ms",
                           "mounts",
                           "namespace_policy",
                           "observations",
                           "origin",
                           "phases_ms",
                           "policy",
                           "policy_seen",
                           "rcu_ms",
                           "samples",
                           "scenario",
                           "switches",
                           "title",
                           "umount_ms",
                           "umount_ns",
                           "unknown_caller",
                           "unmounts",
                           "unmounts_not_held",
                           "violations",
                           "weak"});
    CHECK(c["umount_ms"].is_null());
    CHECK(c["umount_ns"] == json::array());
    CHECK(keys(c["phases_ms"]) == names{"dead", "detached", "drain_begins", "drained", "returned"});
    CHECK(keys(c["drain"]) == names{"calls", "in_flight_mean", "parts_ms", "per_call_us", "total_ms", "waited"});
    CHECK(keys(c["rcu_ms"]) == names{"barrier", "expedited", "switch", "synchronize"});
    CHECK(keys(c["switches"]) == names{"by_producer", "done", "inodes", "queued"});
    CHECK(keys(c["switches"]["by_producer"]) == names{"blkcg", "offline", "vote"});
    CHECK(keys(j["comparisons"][0]) == names{"against", "ci95", "p50_ratio", "policy", "scenario"});
}

TEST_CASE("the JSON carries one umount_ns per unmount and the computed figures", "[json]") {
    const auto j = json::parse(to_json(sample()));
    const auto& base = j["cells"][0];
    CHECK(base["policy"] == "base");
    CHECK(base["umount_ns"].size() == 20);
    CHECK(base["umount_ms"]["p50"] == 100.0);
    CHECK(base["umount_ms"]["p50_ci95"].size() == 2);
    CHECK(base["drain"]["waited"] == 20);
    CHECK(j["comparisons"][0]["p50_ratio"] == 10.0);
}

TEST_CASE("the answer comes first, then a table with one unit down a column", "[text]") {
    auto r = sample();
    for (auto& c : r.cells) c.title = "an idle target";
    const auto text = to_text(r, {});
    CHECK(text.starts_with("an idle target (idle): an unmount is 10 times faster under persb than under base ["));
    CHECK(text.find("  umount, ms       p50     p95     p99     max      n    x persb  95 %\n") != std::string::npos);
    const auto base = text.find("  base           100.0   190.0       -   200.0     20      10.00  [");
    const auto persb = text.find("  persb           10.0    19.0       -    20.0     20\n");
    REQUIRE(base != std::string::npos);
    REQUIRE(persb != std::string::npos);
    CHECK(base < persb);
    CHECK(text.find("no switch happened") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("no line of the text is longer than asked for, whatever names and messages are like", "[text]") {
    auto r = sample();
    r.cells[0].policy = "persb~unpin_on_success_only";
    r.cells[0].observations.push_back("the " + std::string(40, 'x') +
                                      " target was busy and had to be made again, a good many times, as it seems");
    r.cells[1].violations.push_back(
        {"busy_inodes", "VFS: Busy inodes after unmount of target2.0 (drainfs) " + std::string(60, 'y'), "offline"});
    for (const int columns : {80, 100}) {
        text_options options;
        options.columns = columns;
        std::istringstream lines{to_text(r, options)};
        for (std::string line; std::getline(lines, line);) {
            CAPTURE(line);
            CHECK(line.size() <= static_cast<std::size_t>(columns));
        }
    }
}

TEST_CASE("an interrupted run and its violations are said in the text", "[text]") {
    auto r = sample();
    r.complete = false;
    r.cells[0].violations.push_back({"busy_inodes", "VFS: Busy inodes after unmount of t (drainfs)", "offline"});
    const auto text = to_text(r, {});
    CHECK(text.find("Incomplete") != std::string::npos);
    CHECK(text.find("VIOLATION under base: busy_inodes") != std::string::npos);
    CHECK(text.find("offline") != std::string::npos);
}

TEST_CASE("a sweep's rows tell their keys, in CSV and Markdown", "[text]") {
    auto r = sample();
    r.cells[0].point = {{"hz", "100"}};
    r.cells[1].point = {{"hz", "250"}};
    const auto csv = to_csv(r);
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
    CHECK(csv.starts_with("scenario,policy,namespace_policy,mounts,hz,samples,"));
    CHECK(csv.find("\nidle,base,,drainfs,100,20,") != std::string::npos);
    CHECK(csv.find("\nidle,persb,,drainfs,250,20,") != std::string::npos);
    const auto head = csv.substr(0, csv.find('\n'));
    std::istringstream lines{csv};
    for (std::string line; std::getline(lines, line);)
        CHECK(std::count(line.begin(), line.end(), ',') == std::count(head.begin(), head.end(), ','));
    const auto md = to_markdown(r, {});
    CHECK(md.find("**idle, hz=250**") != std::string::npos);
    CHECK(md.find("| base | 100.0 | 190.0 | - |") != std::string::npos);
}

TEST_CASE("samples as CSV: a line each, empty where a phase is not known", "[text]") {
    const auto csv = to_samples_csv(sample());
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 41);
    CHECK(csv.find("\nidle,base,,drainfs,0,10000000,,,,,1,1,") != std::string::npos);
}
