// One batch, to the nanosecond: the test plays the machine and the daemon.
#include "controller/strategy/batch.hpp"

#include "tests/unit/strategy/played_ground.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <filesystem>
#include <future>

using namespace drainlab;
using namespace drainlab::strategy;
using namespace std::chrono_literals;
using texts = std::vector<std::string>;
using lengths = std::vector<std::int64_t>;

namespace {

constexpr auto ms = test::played_ground::ms, beginning = test::played_ground::beginning;

struct one_batch {
    test::played_ground machine;
    test::played_drainfs drainfs{machine};
    options o;
    pool workers{1};

    one_batch() { o.how = {{2ms, 2, 100ms, 3}, last_resort::lazy}; }  // at 0, 3 and 8 ms, for a call takes 1 ms

    client::result<batch_outcome> run(kind k, const std::vector<std::chrono::nanoseconds>& held) {
        const client::blocking_client api{drainfs.daemon.socket()};
        return batch(o, machine, api, workers, drainfs.f.dir).run(k, held);
    }
    batch_outcome done(kind k, const std::vector<std::chrono::nanoseconds>& held) {
        auto out = run(k, held);
        REQUIRE(out);
        REQUIRE(out.value().samples.size() == held.size());
        REQUIRE(out.value().measured.umounts.size() == held.size());
        CHECK(machine.still_open() == 0);
        return std::move(out.value());
    }
};

std::int64_t at(std::int64_t since_beginning) { return beginning + since_beginning * ms; }

}  // namespace

TEST_CASE("sync: one call each; who is busy stays, and is detached when it has been counted", "[strategy]") {
    one_batch b;
    const auto out = b.done(kind::sync, {0ns, 1h, 0ns});
    CHECK(b.machine.calls == texts{"plain m0", "plain m1", "plain m2", "lazy m1"});
    const auto& s = out.samples;
    CHECK((!s[0].held && s[1].held && !s[2].held));
    CHECK((s[0].how.done() && s[2].how.done()));
    CHECK(s[1].how.error == EBUSY);
    CHECK((s[0].called == at(0) && s[0].returned == at(1) && s[0].ended == at(1) && s[0].dead == at(1)));
    CHECK((s[1].called == at(1) && s[1].returned == at(2)));
    CHECK_FALSE(s[1].dead);
    CHECK((s[2].called == at(2) && s[2].dead == at(3)));
    const auto& u = out.measured.umounts;
    for (const auto& one : u) CHECK(one.umount_ns == ms);
    CHECK(u[0].dead_ns == ms);
    CHECK_FALSE(u[1].dead_ns);
    CHECK(out.measured.violations.empty());
}

TEST_CASE("lazy: all go at once, and who is held dies when it is let go", "[strategy]") {
    one_batch b;
    const auto out = b.done(kind::lazy, {7ms, 0ns});
    CHECK(b.machine.calls == texts{"lazy m0", "lazy m1"});
    CHECK((out.samples[0].returned == at(1) && out.samples[0].dead == at(7)));
    CHECK((out.samples[1].returned == at(2) && out.samples[1].dead == at(2)));
    CHECK(out.measured.umounts[0].umount_ns == ms);
    CHECK(out.measured.umounts[0].dead_ns == 7 * ms);
}

TEST_CASE("retry: the caller waits for the holder, as long as it has tries", "[strategy]") {
    one_batch b;
    SECTION("let go in time") {
        const auto out = b.done(kind::retry, {2ms, 0ns});
        CHECK(b.machine.calls == texts{"plain m0", "plain m0", "plain m1"});
        CHECK(b.machine.pauses == lengths{2});
        CHECK(out.samples[0].how.tries == 2);
        CHECK((out.samples[0].returned == at(4) && out.samples[0].dead == at(4)));
        CHECK(out.samples[1].called == at(4));
    }
    SECTION("too late: lazily then") {
        const auto out = b.done(kind::retry, {1h});
        CHECK(b.machine.calls == texts{"plain m0", "plain m0", "plain m0", "lazy m0"});
        CHECK(b.machine.pauses == lengths{2, 4});
        CHECK(out.samples[0].how.fell_back);
        CHECK(out.samples[0].returned == at(10));
        CHECK(out.samples[0].dead == at(3'600'000));
    }
    SECTION("too late: given up") {
        b.o.how.then = last_resort::fail;
        const auto out = b.done(kind::retry, {1h});
        CHECK(b.machine.calls == texts{"plain m0", "plain m0", "plain m0", "lazy m0"});
        CHECK(out.samples[0].how.error == EBUSY);
        CHECK_FALSE(out.samples[0].how.fell_back);
        CHECK(out.samples[0].returned == at(9));
        CHECK_FALSE(out.samples[0].dead);
    }
}

TEST_CASE("async-pool: the caller has all handed over before a worker has begun", "[strategy]") {
    one_batch b;
    std::promise<void> over;
    b.workers.hand_over([&] { over.get_future().wait(); });
    b.machine.on_clock = [&](int looks) {
        if (looks == 6) over.set_value();  // called and returned, three times
    };
    const auto out = b.done(kind::async_pool, {0ns, 6ms, 0ns});
    CHECK(b.machine.calls == texts{"plain m0", "plain m1", "plain m1", "plain m1", "plain m2"});
    const auto& s = out.samples;
    for (const auto& one : s) CHECK((one.called == at(0) && one.returned == at(0)));
    CHECK((s[0].ended == at(1) && s[1].ended == at(10) && s[2].ended == at(11)));
    CHECK((s[0].dead == at(1) && s[1].dead == at(10) && s[2].dead == at(11)));
    CHECK(s[1].how.tries == 3);
    for (const auto& u : out.measured.umounts) CHECK(u.umount_ns == 0);
    CHECK(out.measured.umounts[2].dead_ns == 11 * ms);
}

TEST_CASE("the daemon is asked for each mount, then for the death of each", "[strategy]") {
    one_batch b;
    b.o.policy = "base";
    b.o.umount_delay = 30ms;
    b.done(kind::lazy, {0ns, 3ms});
    const auto wanted = b.drainfs.wanted();
    REQUIRE(wanted.size() == 2);
    CHECK(wanted[1] == nlohmann::json{{"dir", b.drainfs.f / "m1"},
                                      {"store", b.drainfs.f / "s1"},
                                      {"policy", "base"},
                                      {"umount_delay_ms", 30},
                                      {"umount_wait", "auto"}});
    CHECK(b.drainfs.daemon.asked() == texts{"GET /health", "POST /mounts", "GET /health", "POST /mounts",
                                            "GET /mounts/1/wait?state=dead&timeout_ms=60000&holders=false",
                                            "GET /mounts/2/wait?state=dead&timeout_ms=60000&holders=false"});
    CHECK(b.machine.holds == lengths{3});
    CHECK(std::filesystem::file_size(b.drainfs.f / "m1/file") == 16'384);
}

TEST_CASE("what the daemon finds violated comes with the batch", "[strategy]") {
    one_batch b;
    b.drainfs.violations = {{{"invariant", "busy_inodes"}, {"message", "two left"}}, nlohmann::json::object()};
    const auto out = b.done(kind::sync, {0ns});
    REQUIRE(out.measured.violations.size() == 2);
    CHECK(out.measured.violations[0].invariant == "busy_inodes");
    CHECK(out.measured.violations[0].message == "two left");
    CHECK(out.measured.violations[1].invariant == "?");
}

TEST_CASE("when not all can be mounted nothing is unmounted, and the holders let go at once", "[strategy]") {
    one_batch b;
    std::string why;
    SECTION("the daemon refuses") {
        b.drainfs.refuse_from = 2;
        why = "no room";
    }
    SECTION("no file can be written") {
        std::filesystem::create_directory(b.drainfs.f / "m2/file");
        why = "write in " + b.drainfs.f / "m2" + ": Is a directory";
    }
    const auto out = b.run(kind::lazy, {1h, 0ns, 0ns, 1h});
    REQUIRE_FALSE(out);
    CHECK(out.error().message == why);
    CHECK(b.machine.calls.empty());
    CHECK(b.machine.holds == lengths{0});
    CHECK(b.machine.still_open() == 0);
}

TEST_CASE("a death that does not come ends the batch", "[strategy]") {
    struct immortal final : ground {
        std::int64_t now_ns() override { return 1; }
        int unmount(const std::string&, bool) override { return 0; }
        void pause(std::chrono::nanoseconds) override {}
        void close_after(int, std::chrono::nanoseconds) override {}
        void wait_closed() override {}
    } machine;
    one_batch b;
    const client::blocking_client api{b.drainfs.daemon.socket()};
    const auto out = batch(b.o, machine, api, b.workers, b.drainfs.f.dir).run(kind::sync, {0ns});
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == client::exit_code::timed_out);
}
