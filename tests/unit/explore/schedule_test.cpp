#include "fusefs/sched/schedule.hpp"

#include "fusefs/sched/random.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::sched;

TEST_CASE("a schedule as text is short and reads back the same", "[schedule]") {
    CHECK(to_string({2, {0, 0, 0, 0, 1, 2}}) == "2:4AB");
    CHECK(to_string({-1, {}}) == "u:");
    CHECK(to_string({0, {26}}) == "0:ZA");
    CHECK(parse_schedule("2:4AB") == schedule{2, {0, 0, 0, 0, 1, 2}});
    CHECK(parse_schedule("u:") == schedule{-1, {}});
    drainlab::sched::random r{7};
    for (int n = 0; n < 1000; ++n) {
        schedule s{static_cast<int>(r.below(4)) - 1, {}};
        if (s.preemptions < 0) s.preemptions = -1;
        for (std::uint64_t i = r.below(60); i > 0; --i)
            s.taken.push_back(static_cast<std::uint32_t>(r.below(3) == 0 ? r.below(80) : 0));
        while (!s.taken.empty() && s.taken.back() == 0) s.taken.pop_back();
        const std::string text = to_string(s);
        CAPTURE(text);
        CHECK(parse_schedule(text) == s);
    }
}

TEST_CASE("what is not a schedule is refused", "[schedule]") {
    for (const char* text : {"", "2", ":A", "x:A", "2:4", "2:Z", "2:4a", "-1:A", "2:!A", "2:zzzzzzzzzzA"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_schedule(text).has_value());
    }
}
