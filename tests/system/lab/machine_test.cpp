// Guests that end badly: what run_machine() says of them, without a QEMU. fake-qemu.sh plays the guest.
#include "controller/lab/machine.hpp"

#include "controller/lab/files.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>

using namespace drainlab::lab;

namespace {

/// CPU seconds, so few that a spinning guest is found out at once.
const patience impatient{0.3, 0.3, 0.3};

machine_end guest_that(
    const char* what, accelerator accel = accelerator::icount,
    const std::function<bool()>& stop = [] { return false; }) {
    auto scratch = temporary_dir::make();
    REQUIRE(scratch);
    setenv("FAKE_GUEST", what, 1);
    machine_order order;
    order.accel = accel;
    order.vmlinuz = order.initramfs = "/dev/null";
    order.console = scratch.value().path() + "/console";
    order.protocol = scratch.value().path() + "/protocol";
    const qemu fake{DRAINLAB_FAKE_QEMU, {}, {}, "10.0.2"};
    auto end = run_machine(
        fake, order, impatient, [](const message&) {}, stop);
    REQUIRE(end);
    return end.value();
}

}  // namespace

TEST_CASE("a guest that panics before its first word", "[lab]") {
    const auto end = guest_that("panic");
    CHECK(end.why == "the guest ended (status 0) before its first word");
    CHECK(telling_line(end.console) == "[    1.1] Kernel panic - not syncing: No working init found.");
}

TEST_CASE("a guest that dies of an oops on its way", "[lab]") {
    const auto end = guest_that("oops");
    CHECK(end.why == "the guest ended before it was done");
    CHECK(telling_line(end.console).find("BUG: kernel NULL pointer dereference") != std::string::npos);
}

TEST_CASE("a guest that spins before its first word, and one that hangs later", "[lab]") {
    CHECK_THAT(guest_that("silent").why,
               Catch::StartsWith("no word from the guest after") && Catch::EndsWith("CPU time"));
    CHECK_THAT(guest_that("hang").why, Catch::StartsWith("the guest hangs: no word for"));
}

TEST_CASE("KVM that is there and gives a guest no time", "[lab]") {
    CHECK_THAT(guest_that("silent", accelerator::kvm).why,
               Catch::StartsWith("KVM is there, but no word from the guest"));
}

TEST_CASE("a guest that misses a module says so", "[lab]") {
    CHECK(guest_that("module").why ==
          "the guest gives up: no RAM disks: the kernel has neither CONFIG_BLK_DEV_RAM nor a module brd");
}

TEST_CASE("a QEMU that cannot start says why", "[lab]") {
    CHECK(guest_that("loud").why == "QEMU says: qemu-system-x86_64: could not load kernel: Exec format error");
}

TEST_CASE("a stop ends the guest", "[lab]") {
    int asked = 0;
    const auto end = guest_that("hang", accelerator::icount, [&] { return ++asked > 2; });
    CHECK(end.stopped);
    CHECK(end.why.empty());
}
