// The machine's promises one by one; tests/sim/watch has them in all orders.
#include "fusefs/control/watch/fsm.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>

using namespace drainlab::control::watch;
using namespace std::chrono_literals;

namespace {

/// A machine and what it did last.
struct tried {
    umount_fsm machine{1, true};
    instant now{1s};
    std::vector<output> did;

    tried& tell(input in, instant later = 1us) {
        now += later;
        did = machine.step(now, in);
        return *this;
    }
    bool does(action what) const {
        return std::any_of(did.begin(), did.end(), [&](const output& o) { return o.what == what; });
    }
    std::uint64_t tag_of(action what) const {
        for (const auto& o : did)
            if (o.what == what) return o.tag;
        return 0;
    }
};

/// Held, as after a mount was made.
tried held() {
    tried t;
    const auto tag = t.tell({.what = event::add, .yes = true}).tag_of(action::arm);
    t.tell({.what = event::holder_parked, .tag = tag, .tid = 7});
    return t;
}

}  // namespace

TEST_CASE("a mount is told once that it is gated", "[watch]") {
    auto t = held();
    CHECK(t.does(action::keep_call));
    CHECK(t.does(action::tell_gated));
    CHECK(t.machine.claimed());
}

TEST_CASE("a mount whose gate does not come is told so within two seconds", "[watch]") {
    tried t;
    t.tell({.what = event::add, .yes = true});
    SECTION("as it does not answer") {}
    SECTION("as it does not take the request") { t.tell({.what = event::not_sent, .tag = t.tag_of(action::arm)}); }
    SECTION("as it dies") { t.tell({.what = event::gate_lost}); }
    bool told = false;
    while (!told && t.now < 4s) {
        REQUIRE(t.machine.wake_at());
        t.now = *t.machine.wake_at();
        told = t.tell({.what = event::timer}, 0s).does(action::tell_gated);
        if (const auto tag = t.tag_of(action::arm)) t.tell({.what = event::not_sent, .tag = tag});
    }
    CHECK(told);
    CHECK(t.now <= 3s + 10ms);
    CHECK_FALSE(t.machine.claimed());
}

TEST_CASE("interrupted, it is armed again at once, and does not claim to hold meanwhile", "[watch]") {
    auto t = held();
    t.tell({.what = event::interrupted, .tid = 7});
    CHECK(t.does(action::arm));
    CHECK(t.does(action::tell_held));
    CHECK_FALSE(t.machine.claimed());
    const auto again = t.tag_of(action::arm);
    // The same thread may take the new arming before the end of the old one is told.
    t.tell({.what = event::holder_parked, .tag = again, .tid = 7});
    CHECK(t.machine.claimed());
    t.tell({.what = event::returned, .tag = again - 1, .tid = 7, .error = EINTR});
    CHECK(t.machine.claimed());
}

TEST_CASE("an unmount that was interrupted is one that did not wait", "[watch]") {
    auto t = held();
    t.tell({.what = event::detached, .tid = 0});
    const auto probe = t.tag_of(action::probe);
    t.tell({.what = event::trial_seen, .tag = probe, .yes = true});
    t.tell({.what = event::mounted, .yes = false});
    REQUIRE(t.does(action::tell_dying));
    SECTION("the drain was over first") {
        t.tell({.what = event::open});
        CHECK(t.does(action::let_go));
        CHECK(t.machine.waited_to_the_end());
        CHECK(t.machine.claimed());
    }
    SECTION("the gate was interrupted first") {
        t.tell({.what = event::interrupted, .tid = 7});
        CHECK_FALSE(t.does(action::arm));  // whoever waited is through
        t.tell({.what = event::open});
        CHECK_FALSE(t.machine.waited_to_the_end());
    }
    SECTION("the gate died first") {
        t.tell({.what = event::gate_lost});
        t.tell({.what = event::open});
        CHECK_FALSE(t.machine.waited_to_the_end());
    }
}

TEST_CASE("a probe that was interrupted is sent again", "[watch]") {
    auto t = held();
    t.tell({.what = event::detached, .tid = 0});
    t.tell({.what = event::returned, .tag = t.tag_of(action::probe), .error = EINTR});
    REQUIRE(t.machine.wake_at());
    CHECK(t.tell({.what = event::timer}, 1ms).does(action::probe));
}

TEST_CASE("a hold is replaced before the kernel finds it too old", "[watch]") {
    tried t;
    t.machine = umount_fsm{1, true, 5s};
    auto tag = t.tell({.what = event::add, .yes = true}).tag_of(action::arm);
    for (int i = 0; i < 3; ++i) {
        t.tell({.what = event::holder_parked, .tag = tag, .tid = 7 + i});
        REQUIRE(t.machine.wake_at() == t.now + 5s);
        tag = t.tell({.what = event::timer}, 5s).tag_of(action::arm);
        REQUIRE(tag != 0);
        CHECK(t.machine.claimed());
    }
    CHECK(t.tell({.what = event::holder_parked, .tag = tag, .tid = 10}).does(action::let_go));
    CHECK(t.machine.how() == hold::held);
}

TEST_CASE("a gate that shows no sign of a probe for five seconds is killed", "[watch]") {
    auto t = held();
    const auto probe = t.tell({.what = event::detached, .tid = 0}).tag_of(action::probe);
    CHECK_FALSE(t.tell({.what = event::trial_seen, .tag = probe}, 4s).does(action::kill_gate));
    CHECK(t.tell({.what = event::trial_seen, .tag = probe}, 2s).does(action::kill_gate));
}
