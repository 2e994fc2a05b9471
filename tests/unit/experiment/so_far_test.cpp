#include "controller/experiment/so_far.hpp"

#include <catch2/catch.hpp>

using drainlab::experiment::ratio_so_far;

TEST_CASE("a running ratio comes with its interval once both have five samples", "[run]") {
    const std::vector<std::uint64_t> slow{40, 41, 42, 43, 44}, fast{10, 10, 10, 10, 10}, few{1, 2, 3, 4};
    CHECK(ratio_so_far("base", slow, "persb", fast).value().starts_with("base / persb 4.2 [4.0, 4.4]"));
    CHECK_FALSE(ratio_so_far("base", few, "persb", fast));
    CHECK_FALSE(ratio_so_far("base", slow, "persb", few));
    CHECK_FALSE(ratio_so_far("base", std::vector<std::uint64_t>(2001, 7), "persb", fast));
}
