// What may stand on the other side of `sim --compare`, and what is refused.
#include "controller/sim/reference.hpp"

#include "controller/sim/compare.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using namespace drainlab;

namespace {

struct reference_file : tests::own_folder {
    explicit reference_file(const std::string& text) { std::ofstream{name} << text; }
    std::string name = *this / "theirs.json";
};

std::string refusal(const std::string& text) {
    const reference_file file{text};
    const auto r = sim::load_reference(file.name);
    REQUIRE_FALSE(r);
    CHECK(r.error().exit == words::exit_code::usage);
    const auto& said = r.error().message;
    const auto begin = "--compare " + file.name + ": ";
    REQUIRE(said.starts_with(begin));
    return said.substr(begin.size());
}

}  // namespace

TEST_CASE("what is no reference and no result is refused, with the file's name and why", "[compare]") {
    CHECK(refusal("[1]") == "its JSON is no object");
    CHECK(refusal(R"({"schema":"drainlab.race/1"})") ==
          "its schema is \"drainlab.race/1\"; drainlab.result/1 or drainlab.reference/1 is expected");
    CHECK(refusal("{}") == "its schema is \"\"; drainlab.result/1 or drainlab.reference/1 is expected");
    CHECK_THAT(refusal(R"({"schema":"drainlab.reference/1","name":"x"})"), Catch::Contains("within"));
    CHECK_FALSE(refusal("not json").empty());
    CHECK_FALSE(refusal(R"({"schema":"drainlab.result/1","cells":3})").empty());
    const auto none = sim::load_reference("/no such file");
    REQUIRE_FALSE(none);
    CHECK(none.error().hint == "published, lab, or a file with a result is expected");
}

TEST_CASE("a reference is read with all that it has; what it has not is empty", "[compare]") {
    const reference_file file{R"({
      "schema": "drainlab.reference/1", "name": "theirs", "source": "a mail", "machine": "a guest", "profile": "p",
      "fitted": ["idle"], "within": {"umount_p50": 1.5, "parts": null},
      "umount_ms": {"idle": {"base": {"p50": 100, "p95": 120}, "persb": {"p50": 10}},
                    "eight": {"base": {"p50": 40, "max_of": 8}}},
      "per_call_weights": {"idle": 7},
      "rcu_ms": {"barrier": {"scenario": "idle", "policy": "base", "p50": 20, "p95": 30}},
      "order": [["base", "persb"], "idle"],
      "suspects": [{"scenario": "idle", "policy": "persb", "cause": "the journal"},
                   {"scenario": "*", "policy": "base", "cause": "the ticks"}]})"};
    const auto r = sim::load_reference(file.name);
    REQUIRE(r);
    const auto& f = *r.value();
    CHECK(f.source == "a mail");
    CHECK(f.umount_ms.at("idle").at("base").p95 == 120.0);
    CHECK_FALSE(f.umount_ms.at("idle").at("persb").p95);
    CHECK(f.umount_ms.at("idle").at("base").at_once == 1);
    CHECK(f.umount_ms.at("eight").at("base").at_once == 8);
    CHECK(f.allowed("umount_p50") == 1.5);
    CHECK(f.allowed("parts") == 1.25);  // nothing is said
    CHECK(f.weights.at("idle") == 7);
    CHECK(f.rcu_ms.at(0).primitive == "barrier");
    CHECK(f.order == std::vector<std::string>{"base", "persb"});
    CHECK(f.order_in == std::vector<std::string>{"idle"});
    CHECK(f.parts_ms.empty());
    CHECK_FALSE(f.own);
    CHECK(f.suspected("idle", "persb") == "the journal");
    CHECK(f.suspected("eight", "base") == "the ticks");
    CHECK(f.suspected("eight", "persb") == "unknown");
    const auto m = sim::machine_behind(r.value());
    CHECK(m.profile == "p");
    CHECK(m.cpus == 0);
    CHECK(m.scenarios == std::vector<std::string>{"eight", "idle"});
    CHECK(m.policies == std::vector<std::string>{"base", "persb"});
    CHECK(m.rows.empty());
}

TEST_CASE("the published figures are shipped, for every scenario that is compared by default", "[compare]") {
    const auto r = sim::load_reference("published");
    REQUIRE(r);
    CHECK((*r.value()).profile == "qemu-16vcpu");
    for (const auto& scenario : sim::compared_scenarios()) CHECK((*r.value()).umount_ms.contains(scenario));
    CHECK(sim::load_reference("lab"));
}

TEST_CASE("a result of a known profile has the figures of that machine beside it, cell by cell", "[compare]") {
    report::result ours;
    const auto add = [&](const char* scenario, const char* policy, std::vector<std::uint64_t> ns) {
        report::cell c;
        c.scenario = scenario;
        c.policy = policy;
        c.umount_ms.emplace();
        c.umount_ms->p50 = static_cast<double>(ns.front()) / 1e6;
        c.umount_ns = std::move(ns);
        ours.cells.push_back(c);
    };
    add("own_churn", "base", {50'000'000});
    add("concurrent8_idle", "persb", {1'000'000, 1, 1, 1, 1, 1, 1, 9'000'000});  // a round: its slowest counts
    add("own_churn", "flush", {1});                                              // of which they have none
    add("container_exit", "base", {1});
    add("no_pressure", "base", {1});
    ours.cells.back().point = {{"hz", "100"}};
    ours.run.profile = "somewhere";
    CHECK_FALSE(sim::figures_beside(ours));
    ours.run.profile = "qemu-16vcpu";
    const auto beside = sim::figures_beside(ours);
    REQUIRE(beside);
    CHECK(beside->name == "published");
    REQUIRE(beside->rows.size() == 2);
    CHECK(beside->rows[0].scenario == "own_churn");
    CHECK(beside->rows[0].ours_ms == 50.0);
    CHECK(beside->rows[0].theirs_ms == 99.7);
    CHECK(beside->rows[1].ours_ms == 9.0);
    CHECK(beside->rows[1].theirs_ms == 8.1);
}
