#include "fusefs/control/watch/gate_fsm.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control::watch;
using namespace std::chrono_literals;

namespace {

std::vector<gate_action> actions(gate_fsm& g, instant now, gate_event what, const std::string& text = {}) {
    return g.step(now, what, text);
}

gate_fsm running() {
    gate_fsm g{true};
    g.step(0s, gate_event::begin);
    g.step(1ms, gate_event::hello);
    return g;
}

}  // namespace

TEST_CASE("a gate that runs holds, unless it cannot or shall not", "[watch]") {
    CHECK(running().holds());
    gate_fsm denied{true}, unwanted{false};
    denied.step(0s, gate_event::begin);
    CHECK_FALSE(denied.holds());
    denied.step(0s, gate_event::hello, "denied here");
    CHECK_FALSE(denied.holds());
    CHECK(denied.why_not() == "denied here");
    unwanted.step(0s, gate_event::begin);
    CHECK(actions(unwanted, 0s, gate_event::hello) == std::vector{gate_action::tell_up});
    CHECK_FALSE(unwanted.holds());
}

TEST_CASE("one that never ran is not tried again", "[watch]") {
    gate_fsm g{true};
    g.step(0s, gate_event::begin);
    CHECK(actions(g, 0s, gate_event::failed, "no such program") == std::vector{gate_action::give_up});
    CHECK_FALSE(g.wake_at());
    CHECK(g.why_not() == "no such program");
}

TEST_CASE("one that died is started again at once, and is expected back meanwhile", "[watch]") {
    auto g = running();
    CHECK(actions(g, 1s, gate_event::lost, "signal 9") == std::vector{gate_action::tell_lost});
    CHECK(g.holds());
    CHECK(g.wake_at() == 1s + 5ms);
    CHECK(actions(g, 1s, gate_event::timer).empty());
    CHECK(actions(g, 1s + 5ms, gate_event::timer) == std::vector{gate_action::start});
    CHECK(actions(g, 1s + 6ms, gate_event::hello) == std::vector{gate_action::tell_up});
}

TEST_CASE("one that dies too often gets a rest, and then another chance", "[watch]") {
    auto g = running();
    instant now = 1s;
    for (int i = 0; i < 6; ++i) {
        g.step(now, gate_event::lost, "signal 11");
        if (i < 5) CHECK(g.holds());
        g.step(*g.wake_at(), gate_event::timer);
        if (i < 5) g.step(now += 100ms, gate_event::hello);
    }
    CHECK_FALSE(g.holds());
    CHECK(g.why_not() == "drainfs-gate keeps dying: signal 11");
    g.step(now + 6s, gate_event::hello);
    CHECK(g.holds());
}

TEST_CASE("one that dies before its first word is started again at once, the second time after a rest", "[watch]") {
    auto g = running();
    g.step(1s, gate_event::lost, "signal 9");
    g.step(1s + 5ms, gate_event::timer);
    g.step(1s + 6ms, gate_event::lost, "it closed its socket");
    CHECK(g.holds());
    CHECK(g.wake_at() == 1s + 11ms);
    g.step(1s + 11ms, gate_event::timer);
    SECTION("and runs") {
        g.step(1s + 12ms, gate_event::hello);
        CHECK(g.holds());
        g.step(2s, gate_event::lost, "signal 9");
        CHECK(g.wake_at() == 2s + 5ms);
    }
    SECTION("and dies again") {
        g.step(1s + 12ms, gate_event::lost, "it closed its socket");
        CHECK_FALSE(g.holds());
        CHECK(g.why_not() == "drainfs-gate keeps dying: it closed its socket");
        CHECK(g.wake_at() == 6s + 12ms);
    }
}

TEST_CASE("a gate that cannot be started again is tried every five seconds, and not expected meanwhile", "[watch]") {
    auto g = running();
    g.step(1s, gate_event::lost, "signal 9");
    g.step(1s + 5ms, gate_event::timer);
    g.step(1s + 6ms, gate_event::failed, "out of memory");
    CHECK(g.wake_at() == 6s + 6ms);
    CHECK_FALSE(g.holds());
    CHECK(g.why_not() == "out of memory");
    g.step(6s + 6ms, gate_event::timer);
    g.step(6s + 7ms, gate_event::hello);
    CHECK(g.holds());
}
