// Holders of a mount in a mount namespace of the test: what the kernel and /proc say of it, before and after.
#include "tests/unit/hold/held_place.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace drainlab;
using namespace drainlab::hold;
using namespace std::chrono_literals;
using nlohmann::json;

TEST_CASE("each kind holds as it says, by the word of the kernel and of /proc, until it is released", "[hold]") {
    const place p;
    for (const auto& name : kind_names()) {
        const auto k = *kind_named(name);
        auto seen = p.seen([&]() -> json {
            auto taken = holder::take(k, p.held.dir);
            if (!taken) return {{"refused", told(taken.error())}};
            auto h = std::move(taken.value());
            json s{{"by", name_of(h.by())}, {"alive", kill(h.pid(), 0) == 0}, {"verified", told(h.verify())}};
            s["ended"] = h.wait(0ns);
            s["self"] = h.pid() == getpid();
            h.release();
            s["busy_afterwards"] = ask_busy(p.held.dir).value_or(true);
            s["nothing_made"] = p.nothing_made();
            return s;
        });
        if (!seen) return;
        CAPTURE(name, seen->dump());
        CHECK(p.nothing_left());
        if (seen->contains("refused")) {  // by a kernel or a container
            CHECK((k == kind::loop || k == kind::overlay || k == kind::io_uring));
            CHECK((*seen)["refused"]["exit"] == 4);
            continue;
        }
        CHECK((*seen)["by"] == name);
        CHECK((*seen)["alive"] == true);
        CHECK((*seen)["self"] == false);
        CHECK((*seen)["ended"] == false);
        CHECK((*seen)["verified"] == json{{"asked", true}, {"busy", blocks_umount(k)}, {"seen", true}});
        if (k == kind::loop || k == kind::io_uring) continue;  // they go when the kernel comes to it
        CHECK((*seen)["busy_afterwards"] == false);
        CHECK((*seen)["nothing_made"] == true);
    }
}

TEST_CASE("a holder that is killed holds no more, and that is found out", "[hold]") {
    const place p;
    const auto k = GENERATE(kind::fd, kind::child);
    auto seen = p.seen([&]() -> json {
        auto taken = holder::take(k, p.held.dir);
        if (!taken) return told(taken.error());
        auto& h = taken.value();
        kill(h.pid(), SIGKILL);
        const bool ended = h.wait(30s);
        return {{"ended", ended}, {"verified", told(h.verify())}};
    });
    if (!seen) return;
    CHECK((*seen)["ended"] == true);
    auto& why = (*seen)["verified"];
    CHECK(why["code"] == "not_held");
    CHECK(why["exit"] == 5);
    CHECK(why["message"] ==
          p.held.dir + ": /proc does not show the " + std::string(name_of(k)) + " that should hold it");
    CHECK(p.nothing_left());
}

TEST_CASE("a mount that is covered is held, and yet it is not what an unmount would find busy", "[hold]") {
    const place p;
    auto seen = p.seen([&]() -> json {
        auto taken = holder::take(kind::cwd, p.held.dir);
        if (!taken) return told(taken.error());
        if (mount("above", p.held.dir.c_str(), "tmpfs", 0, "size=64k") != 0) return "no second mount";
        return told(taken.value().verify());
    });
    if (!seen) return;
    CHECK((*seen)["code"] == "not_held");
    CHECK((*seen)["message"] == p.held.dir + ": held by cwd, yet the kernel would unmount it");
}

TEST_CASE("asking unmounts nothing but what somebody else has marked", "[hold]") {
    const place p;
    auto seen = p.seen([&]() -> json {
        const auto idle = ask_busy(p.held.dir), again = ask_busy(p.held.dir);
        umount2(p.held.dir.c_str(), MNT_EXPIRE);
        const auto marked = ask_busy(p.held.dir), gone = ask_busy(p.held.dir);
        return {idle == false, again == false, marked == false, gone.has_value()};
    });
    if (!seen) return;
    CHECK(*seen == json{true, true, true, false});
}

TEST_CASE("only a mount point can be held", "[hold]") {
    const tests::own_folder f;
    const auto nothing = holder::take(kind::fd, f.dir);
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().exit == client::exit_code::usage);
    CHECK(nothing.error().message == f.dir + ": not a mount point");
    CHECK_FALSE(ask_busy(f.dir));
}
