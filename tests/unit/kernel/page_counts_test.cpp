#include "fusefs/kernel/page_counts.hpp"

#include <catch2/catch.hpp>

using drainlab::kernel::page_counts;

TEST_CASE("What one counts, the wider one counts as well", "[page_counts]") {
    page_counts all, one, other;
    one.add(3, 0, 0);
    one.join(&all);
    other.join(&all);
    one.add(0, 2, 0);
    other.add(5, 4, 0);
    CHECK(one.pages() == 3);
    CHECK(all.pages() == 8);
    CHECK(all.dirty() == 6);
    SECTION("on the way to the store a page is still unwritten") {
        one.add(0, -1, 1);
        CHECK(one.dirty() == 1);
        CHECK(one.writeback() == 1);
        CHECK(all.unwritten() == 6);
        one.add(-1, 0, -1);
        CHECK(all.unwritten() == 5);
        CHECK(all.pages() == 7);
        CHECK(all.dirtied() == 6);  // counts up only
    }
    SECTION("until it leaves; what it has made dirty stays counted") {
        one.join(nullptr);
        CHECK(all.pages() == 5);
        CHECK(all.dirty() == 4);
        CHECK(all.dirtied() == 6);
        one.add(1, 1, 0);
        CHECK(all.pages() == 5);
    }
    SECTION("or dies") {
        {
            page_counts third;
            third.join(&all);
            third.add(10, 1, 0);
            CHECK(all.pages() == 18);
        }
        CHECK(all.pages() == 8);
    }
    SECTION("and one that comes with dirty pages promises them") {
        page_counts late;
        late.add(2, 2, 0);
        late.add(0, -1, 1);
        late.join(&all);
        CHECK(all.unwritten() == 8);
        CHECK(all.dirtied() == 8);
    }
}

TEST_CASE("The most that there were is remembered until it is forgotten", "[page_counts]") {
    page_counts c;
    c.add(9, 0, 0);
    c.add(-7, 0, 0);
    CHECK(c.most() == 9);
    c.forget_most();
    CHECK(c.most() == 2);
}
