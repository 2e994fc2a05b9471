#include "controller/report/collect.hpp"
#include "controller/report/json.hpp"
#include "controller/report/text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

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
    CHECK(keys(j["environment"]) == names{"cgroup_root", "cpus", "detach_event", "identity", "kernel", "libfuse",
                                          "memcg_death", "memory_mib", "root", "umount_wait"});
    CHECK(j["environment"]["cgroup_root"].is_null());
    CHECK(keys(j["run"]) ==
          names{"elapsed_s", "mode", "order", "profile", "samples", "seed", "started", "umount", "workload"});
    const auto& c = j["cells"][0];
    CHECK(keys(c) == names{"drain", "guessed_bytes", "loop_lag_us", "modelled_ms", "mounts", "namespace_policy",
                           "observations", "phases_ms", "policy", "rcu_ms", "samples", "scenario", "switches",
                           "umount_ms", "umount_ns", "unknown_caller", "violations", "weak"});
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

TEST_CASE("the text table has the published layout", "[text]") {
    text_options options;
    options.titles["idle"] = "an idle target";
    const auto text = to_text(sample(), options);
    CHECK(text.find("idle: an idle target\n") == 0);
    const auto rows = text.find("p50         p95         p99         max");
    REQUIRE(rows != std::string::npos);
    const auto base = text.find("  base            100.0 ms    190.0 ms    190.0 ms    200.0 ms");
    const auto persb = text.find("  persb            10.0 ms     19.0 ms     19.0 ms     20.0 ms");
    REQUIRE(base != std::string::npos);
    REQUIRE(persb != std::string::npos);
    CHECK(base < persb);
    CHECK(text.find("10.00  [") != std::string::npos);
    CHECK(text.find("no switch happened") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("an interrupted run and its violations are said in the text", "[text]") {
    auto r = sample();
    r.complete = false;
    r.cells[0].violations.push_back({"busy_inodes", "VFS: Busy inodes after unmount of t (drainfs)", "offline"});
    const auto text = to_text(r, {});
    CHECK(text.find("incomplete") != std::string::npos);
    CHECK(text.find("VIOLATION under base: busy_inodes") != std::string::npos);
    CHECK(text.find("producer: offline") != std::string::npos);
}

TEST_CASE("CSV and Markdown have a line per cell", "[text]") {
    const auto csv = to_csv(sample());
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
    CHECK(csv.find("idle,base,drainfs,20,") != std::string::npos);
    const auto md = to_markdown(sample(), {});
    CHECK(md.find("| base | 100.0 ms | 190.0 ms |") != std::string::npos);
    CHECK(md.find("| 10.0 |") != std::string::npos);
}
