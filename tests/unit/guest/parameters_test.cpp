#include "workloads/guest/parameters.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::guest;

TEST_CASE("a guest reads its orders from the kernel's command line", "[guest]") {
    const auto read = parse_parameters(
        "console=ttyS0 quiet lab.seed=7 lab.drop_pages=0 lab.record=1 "
        "lab.scenario=own_churn,samples=8,mounts=4,load=burner,burn_ms=50 "
        "lab.scenario=no_pressure,samples=3\n");
    REQUIRE(read.value);
    CHECK(read.value->seed == 7);
    CHECK_FALSE(read.value->drop_pages);
    CHECK(read.value->record);
    REQUIRE(read.value->scenarios.size() == 2);
    const auto& churn = read.value->scenarios[0];
    CHECK(churn.name == "own_churn");
    CHECK(churn.samples == 8);
    CHECK(churn.mounts == 4);
    CHECK(churn.load == load_kind::burner);
    CHECK(churn.burn_ms == 50);
    CHECK(read.value->scenarios[1].name == "no_pressure");
    CHECK(read.value->scenarios[1].load == load_kind::none);
}

TEST_CASE("what is written as words is read back", "[guest]") {
    parameters p;
    p.seed = 99;
    p.widen_us = 1000;
    p.record = true;
    scenario_order s;
    s.name = "container_exit";
    s.samples = 12;
    s.load = GENERATE(load_kind::none, load_kind::burner, load_kind::container, load_kind::tmpfs, load_kind::overlay);
    s.files = 500;
    s.lazy = s.held = true;
    s.at_once = 8;
    p.scenarios = {s};
    const auto read = parse_parameters("root=x " + to_words(p));
    REQUIRE(read.value);
    CHECK(read.value->seed == 99);
    CHECK(read.value->widen_us == 1000);
    REQUIRE(read.value->scenarios.size() == 1);
    const auto& back = read.value->scenarios[0];
    CHECK(back.load == s.load);
    CHECK(back.files == 500);
    CHECK(back.lazy);
    CHECK(back.held);
    CHECK(back.at_once == 8);
    CHECK_FALSE(back.is_volatile);
}

TEST_CASE("a wrong order is refused with its name", "[guest]") {
    const auto [words, said] = GENERATE(table<std::string, std::string>({{"lab.sed=1", "sed"},
                                                                         {"lab.seed=x", "seed=x"},
                                                                         {"lab.seed", "seed: KEY=VALUE"},
                                                                         {"lab.scenario=", "a name"},
                                                                         {"lab.scenario=a,sampels=3", "sampels"},
                                                                         {"lab.scenario=a,samples=-3", "samples=-3"},
                                                                         {"lab.scenario=a,samples=3x", "samples=3x"},
                                                                         {"lab.scenario=a,at_once=9", "1 to 8"},
                                                                         {"lab.scenario=a,at_once=0", "1 to 8"},
                                                                         {"lab.scenario=a,mounts=9", "at most 8"},
                                                                         {"lab.scenario=a,load=fire", "load=fire"}}));
    const auto read = parse_parameters(words);
    CHECK_FALSE(read.value);
    CHECK_THAT(read.error, Catch::Contains(said));
}
