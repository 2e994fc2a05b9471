// page_set and page_map beside std::set and std::map, on the same random operations.
#include "fusefs/kernel/page_map.hpp"
#include "fusefs/kernel/page_set.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>
#include <vector>

using namespace drainlab::kernel;

namespace {

/// Neighbours, the edges of words and chunks, and far away.
pgoff_t some_index(std::mt19937_64& random) {
    switch (random() % 4) {
        case 0: return random() % 8;
        case 1: return 60 + random() % 8;
        case 2: return 4096 + random() % 70;
        default: return (pgoff_t{1} << 51) - random() % 3;
    }
}

}  // namespace

TEST_CASE("page_set agrees with std::set", "[pages]") {
    std::mt19937_64 random{GENERATE(1u, 2u, 3u)};
    page_set mine;
    std::set<pgoff_t> theirs;
    for (int k = 0; k < 3000; ++k) {
        const pgoff_t index = some_index(random);
        if (random() % 2)
            REQUIRE(mine.insert(index) == theirs.insert(index).second);
        else
            REQUIRE(mine.erase(index) == theirs.erase(index));
        const pgoff_t asked = some_index(random);
        REQUIRE(mine.contains(asked) == theirs.contains(asked));
        const auto a = mine.lower_bound(asked);
        const auto b = theirs.lower_bound(asked);
        REQUIRE((a == mine.end()) == (b == theirs.end()));
        if (b != theirs.end()) REQUIRE(*a == *b);
        REQUIRE(mine.size() == theirs.size());
    }
    CHECK(std::vector<pgoff_t>(mine.begin(), mine.end()) == std::vector<pgoff_t>(theirs.begin(), theirs.end()));
    for (auto at = mine.lower_bound(61); at != mine.end();) at = mine.erase(at);
    theirs.erase(theirs.lower_bound(61), theirs.end());
    CHECK(std::vector<pgoff_t>(mine.begin(), mine.end()) == std::vector<pgoff_t>(theirs.begin(), theirs.end()));
}

TEST_CASE("page_map agrees with std::map", "[pages]") {
    std::mt19937_64 random{GENERATE(1u, 2u, 3u)};
    page_map<int> mine;
    std::map<pgoff_t, int> theirs;
    for (int k = 0; k < 3000; ++k) {
        const pgoff_t index = some_index(random);
        if (random() % 2) {
            const auto [at, added] = mine.try_emplace(index);
            REQUIRE(added == theirs.try_emplace(index).second);
            if (added) REQUIRE(at->second == 0);
            at->second = theirs[index] = k;
        } else if (const auto at = mine.find(index); at != mine.end()) {
            mine.erase(at);
            REQUIRE(theirs.erase(index) == 1);
        }
        const pgoff_t asked = some_index(random);
        REQUIRE(mine.contains(asked) == theirs.contains(asked));
        if (mine.contains(asked)) REQUIRE(mine.at(asked) == theirs.at(asked));
        if (!mine.contains(asked)) REQUIRE_THROWS_AS(mine.at(asked), std::out_of_range);
        REQUIRE(mine.size() == theirs.size());
    }
    mine.erase_from(62);
    theirs.erase(theirs.lower_bound(62), theirs.end());
    std::map<pgoff_t, int> copied;
    for (const auto& [index, value] : mine) copied[index] = value;
    CHECK(copied == theirs);
    const page_map<int>& constant = mine;
    CHECK(constant.lower_bound(0) == page_map<int>::const_iterator{mine.begin()});
    CHECK(constant.size() == theirs.size());
}
