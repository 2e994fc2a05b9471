#include "fusefs/control/ending.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace drainlab::control;
using enum ending_state;
using enum ending_event;
using action = ending_action;

namespace {

/// What the daemon was told to do so far, in order.
struct run {
    ending machine;
    int drains{}, flushes{}, finishes{};
    bool asked{}, in_order{true};

    void take(ending_event e) {
        const auto before = machine.state();
        const auto what = machine.take(e);
        asked = asked || e <= stop_request;
        if (what == action::drain) in_order = in_order && before == running && ++drains == 1 && flushes + finishes == 0;
        if (what == action::flush) in_order = in_order && ++flushes == 1 && drains == 1 && finishes == 0;
        if (what == action::finish) in_order = in_order && ++finishes == 1 && (flushes == 1 || e == idle);
        if (what == action::refuse) in_order = in_order && e == stop_request && before != running;
        if (before == ended)
            in_order = in_order && machine.state() == ended && (what == action::none || what == action::refuse);
    }
};

/// Calls `visit` with every sequence of `length` events.
template <class F>
void all_sequences(int length, F visit) {
    std::vector<ending_event> sequence(static_cast<std::size_t>(length));
    for (std::uint64_t n = 0; n < (std::uint64_t{1} << (3 * length)); ++n) {
        for (int i = 0; i < length; ++i)
            sequence[static_cast<std::size_t>(i)] = static_cast<ending_event>(n >> (3 * i) & 7);
        visit(sequence);
    }
}

}  // namespace

TEST_CASE("in every order of six events, it drains once, then flushes once, then finishes once", "[control][ending]") {
    static_assert(ending_events == 8);
    all_sequences(6, [](const std::vector<ending_event>& events) {
        run r;
        for (const auto e : events) r.take(e);
        bool fine = r.in_order;
        fine = fine && (r.asked || r.machine.state() == running || r.machine.state() == ended);
        fine = fine && (r.finishes == 1) == (r.machine.state() == ended);
        // Whatever was asked: once the drains and the flush are over, it ends.
        if (r.asked) {
            r.take(drained);
            r.take(flushed);
            fine = fine && r.in_order && r.machine.state() == ended;
        }
        if (!fine) {
            for (const auto e : events) UNSCOPED_INFO(to_string(e));
            FAIL("an order that is wrong");
        }
    });
}

TEST_CASE("a second SIGTERM or SIGINT does not wait for drains; nothing else hurries", "[control][ending]") {
    all_sequences(5, [](const std::vector<ending_event>& events) {
        run r;
        int urged = 0;
        for (const auto e : events) {
            if (e == drained || e == flushed || e == idle) continue;
            urged += e == sigterm || e == sigint;
            r.take(e);
        }
        if ((r.flushes == 1) != (urged >= 2)) {
            for (const auto e : events) UNSCOPED_INFO(to_string(e));
            FAIL("flushing after " << urged << " urgent signals");
        }
    });
}

TEST_CASE("who asks to stop is heard once, and refused while that is under way", "[control][ending]") {
    CHECK(on(running, stop_request) == ending_step{draining, action::drain});
    for (const auto s : {draining, draining_urged, flushing, ended})
        CHECK(on(s, stop_request) == ending_step{s, action::refuse});
}

TEST_CASE("an idle daemon ends at once, unless it is ending already", "[control][ending]") {
    CHECK(on(running, idle) == ending_step{ended, action::finish});
    for (const auto s : {draining, draining_urged, flushing, ended}) CHECK(on(s, idle) == ending_step{s, action::none});
}
