#include "controller/churn/tally.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::churn;

namespace {
moment at(std::int64_t called) { return {action::umount, called, 10, std::nullopt}; }
}  // namespace

TEST_CASE("moments are thinned evenly when there is no more room", "[churn]") {
    moments all{8};
    for (std::int64_t i = 0; i < 100; ++i) all.add(at(i));
    CHECK(all.one_in() == 16);
    CHECK(all.all().size() <= 8);
    for (std::size_t i = 0; i < all.all().size(); ++i)
        CHECK(all.all()[i].called == static_cast<std::int64_t>(i * all.one_in()));
}

TEST_CASE("a death belongs to the unmount before it, also when that one was passed over", "[churn]") {
    moments all{2};
    all.add(at(0));
    all.last_died_at(30);
    all.last_died_at(99);  // nobody's
    for (std::int64_t i = 1; i < 4; ++i) {
        all.add(at(i));
        all.last_died_at(i + 50);
    }
    REQUIRE(all.one_in() == 2);
    REQUIRE(all.all().size() == 2);
    CHECK(all.all()[0].dead == 30u);
    CHECK(all.all()[1].called == 2);
    CHECK(all.all()[1].dead == 50u);
}

TEST_CASE("two workers' moments together stand for as many each, in order of time", "[churn]") {
    moments a{4}, b{64};
    for (std::int64_t i = 0; i < 9; ++i) a.add(at(i));
    for (std::int64_t i = 0; i < 9; ++i) b.add(at(100 - i));
    moments sum;
    sum.merge(a);
    sum.merge(b);
    CHECK(sum.one_in() == a.one_in());
    CHECK(sum.all().size() == a.all().size() + (9 + a.one_in() - 1) / a.one_in());
    CHECK(std::is_sorted(sum.all().begin(), sum.all().end(),
                         [](const auto& x, const auto& y) { return x.called < y.called; }));
}
