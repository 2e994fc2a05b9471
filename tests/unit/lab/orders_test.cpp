#include "controller/lab/orders.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::lab;
using drainlab::guest::load_kind;

TEST_CASE("every scenario of the lab can be ordered", "[lab][orders]") {
    for (const auto& name : lab_scenarios()) {
        CAPTURE(name);
        const auto s = order_of(name, false);
        REQUIRE(s);
        CHECK(s.value().name == name);
    }
}

TEST_CASE("scenario files mean in a guest what they mean in the bench", "[lab][orders]") {
    const auto churn = order_of("own_churn", false).value();
    CHECK(churn.mounts == 4);
    CHECK(churn.writes == 32);
    CHECK(churn.load == load_kind::burner);
    CHECK(churn.burn_ms == 100);
    CHECK(order_of("concurrent8_idle", false).value().at_once == 8);
    CHECK(order_of("no_pressure", false).value().mounts == 0);
    const auto exit = order_of("container_exit", false).value();
    CHECK(exit.load == load_kind::container);
    CHECK(exit.files == 500);
    CHECK(exit.within_ms == 80);
}

TEST_CASE("the published load is literal", "[lab][orders]") {
    CHECK(order_of("idle_cross_pressure", true).value().writes == 256);
    CHECK(order_of("no_pressure", true).value().mounts == 0);
}

TEST_CASE("what a guest cannot do is refused", "[lab][orders]") {
    for (const auto* name : {"shared_bdi", "sync_neighbour", "target_in_flight", "no_such_scenario"}) {
        CAPTURE(name);
        const auto s = order_of(name, false);
        REQUIRE_FALSE(s);
        CHECK(s.error().exit == drainlab::client::exit_code::usage);
    }
}
