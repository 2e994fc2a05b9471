// Who hears what, in which order, and for how long.
#include "fusefs/trace/hub.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace drainlab::trace;

namespace {

event named(const std::string& name) {
    event e;
    e.name = name;
    return e;
}

/// Writes down what it hears, behind its own name.
hub::listener writes(std::vector<std::string>& to, const std::string& who) {
    return [&to, who](const event& e) { to.push_back(who + " " + e.name); };
}

}  // namespace

TEST_CASE("events are numbered from 1, and keep the time that they bring", "[trace]") {
    hub h;
    std::vector<event> heard;
    const auto s = h.subscribe([&](const event& e) { heard.push_back(e); });
    event timed = named("dead");
    timed.t_ns = 42;
    h.emit(timed);
    h.emit(named("drained"));
    h.emit(named("drained"));
    REQUIRE(heard.size() == 3);
    CHECK(heard[0].number == 1);
    CHECK(heard[2].number == 3);
    CHECK(heard[0].t_ns == 42);
    CHECK(heard[1].t_ns > 0);
    CHECK(heard[2].t_ns >= heard[1].t_ns);
    CHECK(h.emitted() == 3);
}

TEST_CASE("the ring keeps the latest; a gap in the numbers tells how many are gone", "[trace]") {
    hub h{2};
    for (const char* name : {"a", "b", "c"}) h.emit(named(name));
    REQUIRE(h.latest().size() == 2);
    CHECK(h.latest().front().name == "b");
    CHECK(h.latest().front().number == 2);
    CHECK(h.latest().back().name == "c");
    CHECK(h.emitted() == 3);
}

TEST_CASE("listeners hear in order of arrival, until their subscription goes or is cancelled", "[trace]") {
    hub h;
    std::vector<std::string> heard;
    auto first = h.subscribe(writes(heard, "first"));
    {
        const auto second = h.subscribe(writes(heard, "second"));
        CHECK(h.listeners() == 2);
        h.emit(named("a"));
    }
    h.emit(named("b"));
    first.cancel();
    first.cancel();  // twice is once
    h.emit(named("c"));
    CHECK(heard == std::vector<std::string>{"first a", "second a", "first b"});
    CHECK(h.listeners() == 0);
}

TEST_CASE("a subscription that is moved goes on; what it replaces ends", "[trace]") {
    hub h;
    std::vector<std::string> heard;
    auto one = h.subscribe(writes(heard, "one")), two = h.subscribe(writes(heard, "two"));
    hub::subscription kept{std::move(one)};
    h.emit(named("a"));
    kept = std::move(two);
    CHECK(h.listeners() == 1);
    h.emit(named("b"));
    auto& itself = kept;
    kept = std::move(itself);
    h.emit(named("c"));
    CHECK(heard == std::vector<std::string>{"one a", "two a", "two b", "two c"});
    kept = {};
    CHECK(h.listeners() == 0);
}

TEST_CASE("a subscription may outlive its hub", "[trace]") {
    hub::subscription s;
    std::vector<std::string> heard;
    {
        hub h;
        s = h.subscribe(writes(heard, "one"));
        h.emit(named("a"));
    }
    s.cancel();
    hub other;
    s = other.subscribe(writes(heard, "two"));
    other.emit(named("b"));
    CHECK(heard == std::vector<std::string>{"one a", "two b"});
}

TEST_CASE("a listener may emit, and what it was told stays whole", "[trace]") {
    hub h{1};  // the first echo pushes the event out of the ring
    std::vector<std::string> heard;
    const auto echo = h.subscribe([&](const event& e) {
        if (e.name != "echo") h.emit(named("echo"));
        heard.push_back(e.name + " " + std::to_string(e.number));
    });
    h.emit(named("a name that is too long to lie within its string itself"));
    CHECK(heard == std::vector<std::string>{"echo 2", "a name that is too long to lie within its string itself 1"});
}

TEST_CASE("a listener may leave and subscribe another while it is told", "[trace]") {
    hub h;
    std::vector<std::string> heard;
    std::optional<hub::subscription> leaves, comes;
    leaves = h.subscribe([&](const event& e) {
        heard.push_back("leaves " + e.name);
        leaves->cancel();
        comes = h.subscribe(writes(heard, "comes"));
    });
    const auto stays = h.subscribe(writes(heard, "stays"));
    h.emit(named("a"));
    h.emit(named("b"));
    CHECK(heard == std::vector<std::string>{"leaves a", "stays a", "stays b", "comes b"});
}
