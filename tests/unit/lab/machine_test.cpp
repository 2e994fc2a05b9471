// One guest, played: how its words are heard, and how each way to end is told.
#include "controller/lab/machine.hpp"

#include "tests/unit/lab/played_guest.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab;
using namespace drainlab::lab;

namespace {

struct played {
    folder f;
    std::vector<message> heard;
    bool asked_to_stop = false;
    patience limits{60, 60, 60};
    accelerator accel = accelerator::icount;

    machine_end run(const std::string& body) {
        qemu q;
        q.program = test::played_guest(f, body);
        machine_order m;
        m.accel = accel;
        m.console = f / "console";
        m.protocol = f / "protocol";
        const auto end = run_machine(
            q, m, limits, [&](const message& word) { heard.push_back(word); }, [&] { return asked_to_stop; });
        REQUIRE(end);
        return end.value();
    }
};

}  // namespace

TEST_CASE("a guest that says all it has to is heard to its last word", "[lab][machine]") {
    played p;
    const auto end = p.run("says 'Linux version 6.0-test'; hello; policy; ready; sample 0; tell 'half a li'; bye");
    CHECK(end.said_hello);
    CHECK(end.said_bye);
    CHECK(end.why.empty());
    CHECK(end.console == "Linux version 6.0-test\r\n");
    REQUIRE(p.heard.size() == 5);
    CHECK(std::get<hello>(p.heard[0]).release == "6.0-test");
    CHECK(std::get<ready>(p.heard[2]).hz == 250);
    CHECK(std::get<sample_told>(p.heard[3]).figures.umount_ns == 3'000'000);
}

TEST_CASE("how a guest ended is one line", "[lab][machine]") {
    played p;
    SECTION("before its first word") {
        CHECK(p.run("says 'Kernel panic'; exit 3").why == "the guest ended (status 3) before its first word");
    }
    SECTION("before it was done") { CHECK(p.run("hello; exit 0").why == "the guest ended before it was done"); }
    SECTION("by its own word") {
        CHECK(p.run(R"(hello; tell '{"what":"error","text":"no RAM disks"}'; spin)").why ==
              "the guest gives up: no RAM disks");
    }
    SECTION("QEMU itself complains") {
        CHECK(p.run("echo 'qemu: no such machine' >&2; exit 1").why == "QEMU says: qemu: no such machine");
    }
}

TEST_CASE("a guest that is silent for too long is ended, and how long is told", "[lab][machine]") {
    played p;
    SECTION("from the start") {
        p.limits.hello_s = 0.1;
        CHECK(p.run("spin").why.starts_with("no word from the guest after "));
    }
    SECTION("between two words") {
        p.limits.step_s = 0.1;
        CHECK(p.run("hello; spin").why.starts_with("the guest hangs: no word for "));
    }
    SECTION("with KVM by the wall clock: it may get no time at all") {
        p.accel = accelerator::kvm;
        p.limits.kvm_hello_s = 0.1;
        CHECK(p.run("kill -STOP $$").why.starts_with("KVM is there, but no word from the guest in "));
    }
}

TEST_CASE("a stop ends the guest, and nothing is held against it", "[lab][machine]") {
    played p;
    p.asked_to_stop = true;
    const auto end = p.run("hello; spin");
    CHECK(end.stopped);
    CHECK(end.why.empty());
    CHECK_FALSE(end.said_bye);
}

TEST_CASE("a QEMU that is not there is a failure, not an end", "[lab][machine]") {
    const folder f;
    qemu q;
    q.program = f / "nothing";
    machine_order m;
    m.console = f / "console";
    m.protocol = f / "protocol";
    CHECK_FALSE(run_machine(
        q, m, {}, [](const message&) {}, [] { return false; }));
    m.console = f / "nowhere/console";
    CHECK_FALSE(run_machine(
        q, m, {}, [](const message&) {}, [] { return false; }));
}

TEST_CASE("the words that start QEMU name the accelerator, both ports and where its own files are", "[lab][qemu]") {
    qemu q;
    q.program = "/q/qemu";
    q.data_dirs = {"/q/share"};
    machine_order m;
    m.console = "/c";
    m.protocol = "/p";
    const auto has = [&](const std::string& word) {
        const auto words = command_of(q, m);
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    CHECK(command_of(q, m).front() == "/q/qemu");
    CHECK(has("/q/share"));
    CHECK(has("shift=0,sleep=off"));
    CHECK(has("file,id=console,path=/c"));
    CHECK(has("file,id=protocol,path=/p"));
    m.accel = accelerator::tcg;
    CHECK(has("tcg,thread=multi"));
    m.accel = accelerator::kvm;
    CHECK(has("kvm"));
    q.library_path = "/q/lib";
    CHECK(command_of(q, m)[1] == "LD_LIBRARY_PATH=/q/lib");
    CHECK(name_of(accelerator::tcg) == std::string{"tcg"});
}

TEST_CASE("DRAINLAB_QEMU is taken where it is one, and named where it is not", "[lab][qemu]") {
    const folder f;
    setenv("DRAINLAB_LAB_CACHE", f.dir.c_str(), 1);
    setenv("DRAINLAB_QEMU", test::played_guest(f, "").c_str(), 1);
    const auto found = find_qemu();
    REQUIRE(found);
    CHECK(found.value().version == "10.0.2");
    setenv("DRAINLAB_QEMU", (f / "nothing").c_str(), 1);
    const auto none = find_qemu();
    REQUIRE_FALSE(none);
    CHECK(none.error().code == "no_qemu");
    setenv("DRAINLAB_QEMU", "/bin/false", 1);
    CHECK(find_qemu().error().message.starts_with("lab: /bin/false does not start"));
    unsetenv("DRAINLAB_QEMU");
    unsetenv("DRAINLAB_LAB_CACHE");
}
