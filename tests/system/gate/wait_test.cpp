// An unmount waits for the drain, whoever makes it and however.
#include "tests/system/gate/daemon.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

using namespace gate_test;
using namespace std::chrono_literals;

namespace {

/// Called `before` the unmount and back `after` it: everything happened in between, in order.
void check_order(const mount_facts& f, std::int64_t before, std::int64_t after) {
    CHECK(before <= f.detached);
    CHECK(f.detached <= f.drain_begins);
    CHECK(f.drained - f.drain_begins >= 200'000'000);
    CHECK(f.drained <= f.dead);
    CHECK(f.drained <= after);
    CHECK(f.violations == 0);
}

}  // namespace

TEST_CASE("an ordinary unmount returns after the drain that it waited for", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a");
    REQUIRE(d.facts("a").umount_wait == "gate");
    outcome o;
    const auto before = now_ns();
    SECTION("umount2(2)") { o = run_umount2(dir, 0); }
    SECTION("umount2(2) with MNT_DETACH, nobody holds it") { o = run_umount2(dir, MNT_DETACH); }
    SECTION("umount(8)") { o = run({"umount", dir}); }
    SECTION("umount -l, nobody holds it") { o = run({"umount", "-l", dir}); }
    SECTION("fusermount3 -u") { o = run({"fusermount3", "-u", dir}); }
    const auto after = now_ns();
    CHECK(o.code == 0);
    CHECK(o.took >= 200ms);
    check_order(d.wait("a", "dead"), before, after);
}

TEST_CASE("two unmounts drain at the same time", "[gate]") {
    test_daemon d;
    const std::string a = d.mount("a", 600ms), b = d.mount("b", 600ms);
    outcome of_a;
    {
        const child other{[&] { run_umount2(b, 0); }};
        of_a = run_umount2(a, 0);
        d.wait("b", "dead");
    }
    CHECK(of_a.took >= 600ms);
    const auto fa = d.wait("a", "dead"), fb = d.wait("b", "dead");
    CHECK(fa.drain_begins < fb.drained);
    CHECK(fb.drain_begins < fa.drained);
}

TEST_CASE("a forced unmount aborts the connection and does not wait", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a", 3000ms);
    const auto o = run_umount2(dir, MNT_FORCE);
    CHECK(o.code == 0);
    CHECK(now_ns() > 0);
    CHECK(d.facts("a").drained == 0);  // it returned while the drain was still held
}
