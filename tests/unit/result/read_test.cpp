#include "controller/result/read.hpp"

#include "controller/result/collect.hpp"
#include "controller/result/write.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

using namespace drainlab::report;
using nlohmann::json;

namespace {

result sample() {
    result r;
    r.tool = {"drainlab", "0.1.0", "abc"};
    r.run.command = {"drainctl", "bench"};
    r.run.load_average = {0.5, 1.25};
    r.run.shard = shard_info{1, 3};
    for (const auto* policy : {"persb", "base"}) {
        collector all{"idle", policy};
        for (std::uint64_t i = 1; i <= 25; ++i) {
            umount_sample u;
            u.umount_ns = i * 1'000'003;
            u.detached_ns = i;
            if (i % 2 == 0) u.dead_ns = i * 1'000'000;
            u.drain_calls = 1;
            cycle_sample c;
            c.umounts = {u};
            c.synchronize_ns = {i * 7};
            all.add(c);
        }
        umount_sample free;
        free.umount_ns = 4'000;
        free.held = false;
        cycle_sample repeated;
        repeated.umounts = {free};
        all.keep_not_held(repeated);
        r.cells.push_back(all.make());
        r.cells.back().title = "an idle \xff mount";
        r.cells.back().place = r.cells.size() - 1;
        r.cells.back().point = {{"hz", "100"}};
    }
    finish(r, "persb", 1);
    return r;
}

std::string error_of(const json& j) {
    const auto read = read_json(j.dump());
    REQUIRE_FALSE(read);
    return read.error;
}

/// Every value of a document, by a number.
std::vector<json::json_pointer> places(const json& j, const json::json_pointer& here = json::json_pointer{}) {
    std::vector<json::json_pointer> all;
    for (const auto& [key, value] : j.items()) {
        const auto at = j.is_array() ? here / static_cast<std::size_t>(std::stoul(key)) : here / key;
        all.push_back(at);
        if (value.is_structured()) {
            const auto below = places(value, at);
            all.insert(all.end(), below.begin(), below.end());
        }
    }
    return all;
}

}  // namespace

TEST_CASE("a result that is read and written again is the same text", "[read]") {
    const auto text = to_json(sample());
    const auto read = read_json(text);
    INFO(read.error);
    REQUIRE(read);
    CHECK(to_json(*read.value) == text);
    CHECK(read.value->cells[0].unmounts[1].dead_ns == 2'000'000);
    REQUIRE(read.value->cells[0].not_held.size() == 1);
    CHECK(read.value->cells[0].not_held[0].umount_ns == 4'000);
    CHECK_FALSE(read.value->cells[0].not_held[0].held);
    CHECK_FALSE(read.value->cells[0].unmounts[0].dead_ns.has_value());
}

TEST_CASE("what older versions did not write may be missing", "[read]") {
    auto j = json::parse(to_json(sample()));
    for (const auto* key : {"command", "load_average", "shard", "grid_cells"}) j["run"].erase(key);
    j["environment"].erase("governor");
    for (auto& c : j["cells"])
        for (const auto* key : {"title", "unmounts", "unmounts_not_held", "origin"}) c.erase(key);
    const auto read = read_json(j.dump());
    INFO(read.error);
    REQUIRE(read);
    CHECK(read.value->cells[0].umount_ns.size() == 25);
    CHECK(read.value->cells[0].unmounts.empty());
}

TEST_CASE("what is wrong with a document is said with its place", "[read]") {
    const auto good = json::parse(to_json(sample()));
    auto j = good;
    j["cells"][1]["umount_ns"][7] = -4;
    CHECK(error_of(j) == "cells[1].umount_ns[7]: a whole number of at least 0 is expected, not -4");
    j = good;
    j["cells"][0]["umount_ms"]["p50"] = "fast";
    CHECK(error_of(j) == "cells[0].umount_ms.p50: a number is expected, not \"fast\"");
    j = good;
    j["cells"][0]["unmounts"]["dead_ns"].erase(3);
    CHECK(error_of(j).starts_with("cells[0].unmounts.dead_ns: as many entries as umount_ns has is expected"));
    j = good;
    j["cells"][0]["samples"] = 3;
    CHECK(error_of(j) == "cells[0].samples: 25, the length of umount_ns, is expected, not 3");
    j = good;
    j["run"]["mode"] = "dream";
    CHECK(error_of(j) == "run.mode: real, sim or lab is expected, not \"dream\"");
    j = good;
    j["schema"] = "drainlab.result/2";
    CHECK(error_of(j) ==
          "its schema is drainlab.result/2, of a later major version; this drainlab reads drainlab.result/1");
    j["schema"] = "drainlab.race/1";
    CHECK(error_of(j) == "not a drainlab.result/1 document: its schema is drainlab.race/1");
    CHECK(error_of(json::array()) == "not a document of drainlab: it has no \"schema\"");
    const auto cut = read_json(good.dump().substr(0, 500));
    CHECK(cut.error.starts_with("line 1, column "));
    CHECK(cut.error.size() < 160);
    CHECK(read_json("{\"schema\":\"drainlab.result/1\",\"complete\":NaN}").error.starts_with("line 1, column "));
    CHECK_FALSE(read_json("").error.empty());
}

TEST_CASE("no mutation of a document does more than be refused or read", "[read][property]") {
    const auto good = json::parse(to_json(sample()));
    const auto all = places(good);
    const std::vector<json> values{nullptr,
                                   true,
                                   -1,
                                   1e300,
                                   0.5,
                                   18446744073709551615u,
                                   "x",
                                   json::array(),
                                   json::object(),
                                   json::array({1, 2, 3})};
    rc::check([&] {
        auto j = good;
        const auto at = *rc::gen::inRange<std::size_t>(0, all.size());
        j[all[at]] = values[*rc::gen::inRange<std::size_t>(0, values.size())];
        const auto read = read_json(j.dump());
        RC_ASSERT(read || !read.error.empty());
        if (read) RC_ASSERT(read_json(to_json(*read.value)));
    });
}
