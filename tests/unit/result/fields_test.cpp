// The keys of a document stand in a promised order, and are said once for both ways.
#include "controller/result/fields.hpp"

#include "controller/result/read.hpp"
#include "controller/result/write.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace drainlab::report;
using keys::json;

namespace drainlab::report::keys {

struct inner {
    std::string word;
    std::vector<int> numbers;
};
void fields(some<inner> auto& s, auto& visit) {
    visit("word", needed{s.word});
    visit("numbers", null_if_empty{s.numbers});
}

struct outer {
    double length = 7;
    bool fine = true;
    std::optional<inner> one;
    std::vector<inner> all;
    std::vector<std::pair<double, std::uint64_t>> steps;
};
void fields(some<outer> auto& s, auto& visit) {
    visit("length", s.length);
    visit.below("below", [&](auto& below) { below("fine", s.fine); });
    visit("one", s.one);
    visit("all", s.all);
    visit("steps", s.steps);
}

}  // namespace drainlab::report::keys

namespace {

std::string why(const char* text) {
    const auto document = nlohmann::json::parse(text);
    try {
        keys::read<keys::outer>(cursor{document, ""});
    } catch (const misread& e) { return e.what(); }
    return "";
}

}  // namespace

TEST_CASE("a struct's keys are written in the order in which they are said", "[fields]") {
    const keys::outer o{0.12345678, true, keys::inner{"a", {1, 2}}, {{"b", {}}}, {{1.5, 3}}};
    const auto text = keys::written(o).dump();
    CHECK(text == R"({"length":0.123457,"below":{"fine":true},"one":{"word":"a","numbers":[1,2]},)"
                  R"("all":[{"word":"b","numbers":null}],"steps":[[1.5,3]]})");
    const auto document = nlohmann::json::parse(text);
    CHECK(keys::written(keys::read<keys::outer>(cursor{document, ""})).dump() == text);
}

TEST_CASE("what is missing is empty, what is needed fails, with its place", "[fields]") {
    const auto nothing = nlohmann::json::object();
    const auto o = keys::read<keys::outer>(cursor{nothing, ""});
    CHECK(o.length == 0);
    CHECK_FALSE(o.fine);
    CHECK_FALSE(o.one);
    CHECK(o.all.empty());
    CHECK(why(R"({"all":[{"word":"b"},{}]})") == "all[1].word: a string is expected, not null");
    CHECK(why(R"({"length":"long"})") == "length: a number is expected, not \"long\"");
    CHECK(why(R"({"one":{"word":"a","numbers":[1,-2]}})").starts_with("one.numbers[1]: "));
    CHECK(why(R"({"steps":[[1]]})").starts_with("steps[0]: an instant and a count"));
    CHECK(why(R"({"below":4})").starts_with("below: an object"));
}

TEST_CASE("the keys of a run keep their order: what can be made again is the same bytes", "[fields]") {
    result r;
    r.run.seed = 7;
    r.run.umount = "umount8";
    r.run.command = {"drainctl", "bench"};
    r.run.load_average = {{0.5, 1.25}};
    r.run.shard = shard_info{1, 3};
    const auto j = json::parse(to_json(r));
    CHECK(j["tool"].dump() == R"({"name":"drainlab","version":"","git":""})");
    CHECK(j["environment"].dump() ==
          R"({"kernel":"","cpus":0,"memory_mib":0,"libfuse":null,"root":false,"identity":null,"cgroup_root":null,)"
          R"("memcg_death":null,"umount_wait":null,"detach_event":null,"governor":null})");
    CHECK(j["run"].dump() ==
          R"({"mode":"real","seed":7,"profile":"","workload":"","umount":"umount8","samples":0,"accel":null,)"
          R"("order":"interleaved","started":"","elapsed_s":0.0,"command":["drainctl","bench"],)"
          R"("load_average":[0.5,1.25],"warnings":[],"shard":{"number":1,"of":3},"grid_cells":null})");
    r.run.command.clear();
    r.run.load_average.reset();
    CHECK(json::parse(to_json(r))["run"]["command"].is_null());

    race_document d;
    d.made.emplace();
    d.made->seed = 7;
    d.made->command = {"drainctl", "race"};
    CHECK(json::parse(to_json(d))["run"].dump() ==
          R"({"seed":7,"started":"","elapsed_s":0.0,"command":["drainctl","race"],"load_average":null})");
}
