#include "controller/result/merge.hpp"

#include "controller/result/collect.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;

namespace {

result part(const std::vector<std::uint64_t>& places, std::optional<shard_info> shard = std::nullopt,
            std::uint64_t grid = 6) {
    result r;
    r.run.mode = "sim";
    r.run.shard = shard;
    if (grid > 0) r.run.grid_cells = grid;
    for (const auto p : places) {
        collector all{"idle", p % 2 == 0 ? "base" : "persb"};
        cycle_sample c;
        c.umounts.emplace_back().umount_ns = 1'000'000 * (p + 1);
        all.add(c);
        r.cells.push_back(all.make());
        r.cells.back().place = p;
        r.cells.back().point = {{"hz", std::to_string(100 + p / 2)}};
    }
    return r;
}

}  // namespace

TEST_CASE("all shards give the whole; a missing one is named and the result is incomplete", "[merge]") {
    merger whole{part({0, 3}, shard_info{1, 3})};
    CHECK_FALSE(whole.add(part({1, 4}, shard_info{2, 3})));
    CHECK_FALSE(whole.add(part({2, 5}, shard_info{3, 3})));
    const auto all = whole.finish("persb");
    CHECK(all.complete);
    CHECK(whole.missing().empty());
    CHECK(all.cells.size() == 6);
    CHECK_FALSE(all.run.shard);
    CHECK(all.comparisons.size() == 3);

    merger holed{part({0, 3}, shard_info{1, 3})};
    CHECK_FALSE(holed.add(part({2, 5}, shard_info{3, 3})));
    const auto some = holed.finish("persb");
    CHECK_FALSE(some.complete);
    CHECK(holed.missing() == std::vector<std::string>{"shard 2/3"});
    merger later{some};  // what is missing may come with another merge
    CHECK_FALSE(later.add(part({1, 4}, shard_info{2, 3})));
    CHECK(later.finish("persb").complete);
    CHECK(later.missing().empty());
}

TEST_CASE("results of older versions know no shards, but their cells have numbers", "[merge]") {
    merger m{part({0, 3}, std::nullopt, 0)};
    CHECK_FALSE(m.add(part({2, 5}, std::nullopt, 0)));
    CHECK_FALSE(m.finish("persb").complete);
    CHECK(m.missing() == std::vector<std::string>{"cells 1, 4 of the grid"});
}

TEST_CASE("unlike results are not merged, and no sample twice", "[merge]") {
    merger m{part({0, 1})};
    CHECK(m.add(part({0}))->find("same seed") != std::string::npos);
    auto other = part({2, 3});
    other.environment.kernel = "6.1";
    CHECK(m.add(other)->find("kernels are  and 6.1") != std::string::npos);
    other = part({2, 3});
    other.run.mode = "real";
    CHECK(m.add(other) == "one is sim, the other real");
    CHECK(m.finish("persb").cells.size() == 2);
}
