#include "controller/result/documents.hpp"

#include "controller/result/read.hpp"
#include "controller/result/write.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace drainlab::report;
using nlohmann::json;

namespace {

/// A file that goes with the test.
class file {
  public:
    explicit file(const std::string& text) {
        const int fd = mkstemp(name_);
        REQUIRE(fd >= 0);
        close(fd);
        std::ofstream{name_} << text;
    }
    ~file() { unlink(name_); }
    document_outcome load() const { return load_document(name_); }

  private:
    char name_[40] = "/tmp/drainlab-document-XXXXXX";
};

facts made() {
    facts f;
    f.tool = {"drainlab", "0.1.0", "abc"};
    f.environment.kernel = "6.18";
    f.environment.cpus = 2;
    f.seed = 7;
    f.started = "2026-11-28T00:00:00Z";
    f.elapsed_s = 1.5;
    f.command = {"drainctl", "race"};
    f.load_average = {{0.5, 1.5}};
    return f;
}

race_document race() {
    race_search s;
    s.policy = "base";
    s.world = "offline_one";
    s.verdict = "violates";
    s.schedules = 12;
    s.windows = {{"backs_out", "", 3, 0, ""}, {"other", "s_umount", 0, 9, "2:4A"}};
    s.counterexample =
        race_example{{{"umount A", "reads", "", "in flight 0"}}, "u:A4A", "busy_inodes", "VFS: Busy inodes"};
    race_search names;
    names.namespace_policy = "on_demand";
    names.world = "ns_alone";
    names.verdict = "safe";
    names.exhausted = true;
    names.preemptions = 2;
    return {made(), {s, names}};
}

churn_document churn() {
    churn_document d;
    d.made = made();
    d.ours.mounts = "drainfs";
    d.ours.cycles = 2;
    d.ours.per_s_ci95 = {{1.0, 3.0}};
    drainlab::measure::histogram h;
    h.record(1000);
    h.record(5'000'000);
    d.ours.actions = {{"lazy", 0, 0, 0, {}, {}, {}, {}, drainlab::measure::histogram{}},
                      {"umount", 2, 1, 1, 0.001, {}, {}, 5.0, h}};
    d.ours.unmounts = {{"umount", 10, 1000, 2000}, {"umount", 20, 5'000'000, std::nullopt}};
    d.ours.one_in = 4;
    d.ours.backlog = churn_backlog{20, {0, 2, 1}};
    d.compared = d.ours;
    d.left = {{"files", 0}, {"mounts", 1}};
    d.mix = {{"lazy", 3}, {"umount", 6}};
    return d;
}

lazy_document lazy() {
    lazy_document d;
    d.made = made();
    d.umount_wait = "gate";
    d.steps = {{"free", "nobody holds it", true, {{1.25, "mounted"}}, {{"name", 0, 2.5}}, {{"it waited", true}}}};
    return d;
}

template <class Document>
void survives(const Document& d, std::optional<Document> document::*which) {
    const auto text = to_json(d);
    const auto read = file{text}.load();
    INFO(read.error);
    REQUIRE(read.value);
    REQUIRE((*read.value).*which);
    CHECK(to_json(*((*read.value).*which)) == text);
}

std::string error_of(const std::string& text) { return file{text}.load().error; }

}  // namespace

TEST_CASE("every document, read and written again, is the same text", "[documents]") {
    survives(race(), &document::race);
    survives(mutants_document{made(),
                              {{"persb", "persb~x", true, "busy_inodes", "offline_one", "VFS", 9},
                               {"base", "base~y", false, {}, {}, {}, 4}}},
             &document::mutants);
    survives(lazy(), &document::lazy);
    survives(churn(), &document::churn);
}

TEST_CASE("what is not known of a search is null, not a word", "[documents]") {
    const auto j = json::parse(to_json(race()));
    CHECK(j["results"][0]["namespace_policy"].is_null());
    CHECK(j["results"][0]["preemptions"].is_null());
    CHECK(j["results"][1]["policy"].is_null());
    CHECK(j["results"][1]["counterexample"].is_null());
    CHECK(j["results"][0]["windows"]["other"]["control"]["schedules"] == 9);
    CHECK(j["run"]["seed"] == 7);
    CHECK(j["origin"]["results"] == "modelled");
}

TEST_CASE("strategies and traced events are part of a result, and survive", "[documents]") {
    result r;
    cell c;
    c.scenario = "strategy";
    c.policy = "persb";
    strategy_figures s;
    s.name = "retry";
    s.retry = retry_recipe{10, 2, 500, 8, "lazy"};
    s.return_ms = four_figures{1.5, {}, {}, 9};
    s.outcomes = {{"fell_back", true, 8}};
    s.batches = {{{0, 1}, {2.5, 0}}};
    c.strategy = s;
    c.events = {{-5, "runs", "", "umount", 3, {}}, {7, "drain_begins", "target", "", {}, {{"in_flight", -1}}}};
    r.cells = {c};
    const auto text = to_json(r);
    const auto read = read_json(text);
    INFO(read.error);
    REQUIRE(read);
    CHECK(to_json(*read.value) == text);
}

TEST_CASE("documents of the first versions are still read", "[documents]") {
    const auto race =
        file{R"({"schema":"drainlab.race/1","results":[{"policy":"base","world":"w","verdict":"safe","exhausted":true,
        "preemptions":null,"schedules":1,"tasks":2,"choice_points":3,"seconds":0.5,"windows":{"a":{"reached":1,"excluded_by":null}},
        "counterexample":null}]})"}
            .load();
    INFO(race.error);
    REQUIRE(race.value);
    CHECK(race.value->race->searches.front().name() == "base");
    CHECK_FALSE(race.value->race->made);
    const auto churn =
        file{R"({"schema":"drainlab.churn/1","mounts":"drainfs","elapsed_s":1.0,"cycles":1,"cycles_per_s":1.0,
        "actions":{"umount":{"cycles":1,"held":0,"busy":0,"p50_ms":1.0,"p95_ms":1.0,"p99_ms":1.0,"max_ms":1.0,
        "histogram_ns":{"digits":3,"buckets":[[1000,1]]}}},"violations":[],"complete":true,"seed":1,"at_once":1,
        "left":{"mounts":0},"compared":null})"}
            .load();
    INFO(churn.error);
    REQUIRE(churn.value);
    CHECK(churn.value->churn->ours.actions.front().cycles == 1);
    CHECK(churn.value->churn->ours.unmounts.empty());
    const auto lazy =
        file{R"({"schema":"drainlab.lazy/1","complete":true,"umount_wait":"gate","fine":true,"steps":[{"id":"a",
        "title":"t","fine":true,"events":[],"spans":[],"claims":[]}]})"}
            .load();
    INFO(lazy.error);
    REQUIRE(lazy.value);
}

TEST_CASE("what is wrong with any document is said with its place", "[documents]") {
    auto j = json::parse(to_json(churn()));
    j["unmounts"]["at_ns"].push_back(1);
    CHECK(error_of(j.dump()).ends_with("columns of one length is expected, not " + j["unmounts"].dump().substr(0, 37) +
                                       "..."));
    j = json::parse(to_json(race()));
    j["results"][0]["schedules"] = -4;
    CHECK(error_of(j.dump()).ends_with("results[0].schedules: a whole number of at least 0 is expected, not -4"));
    j = json::parse(to_json(lazy()));
    j["steps"][0]["spans"][0]["to_ms"] = "soon";
    CHECK(error_of(j.dump()).ends_with("steps[0].spans[0].to_ms: a number is expected, not \"soon\""));
    for (const std::string name : {"race", "lazy", "churn", "mutants", "result"}) {
        CHECK(error_of("{\"schema\":\"drainlab." + name + "/2\"}").find("later major version") != std::string::npos);
        CHECK_FALSE(file{"{\"schema\":\"drainlab." + name + "/1\"}"}.load().value);
    }
    CHECK(error_of(R"({"schema":"other/1"})").find("\"other/1\", which this drainlab does not read") !=
          std::string::npos);
}
