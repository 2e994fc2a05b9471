// Whole runs of the lab with a played guest: what is asked of
// the kernels, what becomes of their words, who is left out.
#include "controller/lab/experiment.hpp"

#include "controller/lab/files.hpp"
#include "tests/unit/lab/played_guest.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

using namespace drainlab;
using namespace drainlab::lab;

namespace {

constexpr const char* all_options =
    "CONFIG_CGROUP_WRITEBACK=y\nCONFIG_MEMCG=y\nCONFIG_KPROBE_EVENTS=y\nCONFIG_SERIAL_8250_CONSOLE=y\n"
    "CONFIG_DEVTMPFS=y\nCONFIG_BLK_DEV_RAM=y\nCONFIG_EXT4_FS=y\nCONFIG_HZ=250\n";

/// A run of kernels a (and b) with two samples each; what it needs of the machine is e2fsprogs.
struct lab_run {
    folder f;
    experiment_order order;
    std::vector<boot_progress> shown;
    bool asked_to_stop = false;

    explicit lab_run(const std::string& body) {
        setenv("DRAINLAB_LAB_CACHE", (f / "cache").c_str(), 1);
        order.emulator.program = test::played_guest(f, body);
        order.emulator.version = "10.0.2";
        order.scratch = f.dir;
        order.samples = 2;
        guest::scenario_order s;
        s.name = "no_pressure";
        order.told.scenarios = {s};
        add("a");
    }
    ~lab_run() { unsetenv("DRAINLAB_LAB_CACHE"); }
    void add(const std::string& label) {
        kernel_image k;
        k.label = label;
        k.name = k.vmlinuz = f / "bzImage";
        REQUIRE(write_file(k.vmlinuz, ""));
        order.kernels.push_back(k);
    }
    void configure(const std::string& text) {
        order.kernels.front().config = f / "config";
        REQUIRE(write_file(f / "config", text));
    }
    client::result<experiment_end> run() {
        return run_experiment(
            order, [&](const boot_progress& p) { shown.push_back(p); }, [&] { return asked_to_stop; });
    }
};

std::string without(const std::string& option) {
    std::string text = all_options;
    const auto at = text.find("CONFIG_" + option + "=");
    return text.erase(at, text.find('\n', at) + 1 - at);
}

}  // namespace

TEST_CASE("what a played guest says becomes a result, a row per kernel", "[lab][experiment]") {
    lab_run l{"hello; policy; ready; sample 0; sample 1; bye"};
    l.configure(all_options);
    l.add("b");
    const auto end = l.run();
    REQUIRE(end);
    INFO((end.value().why ? end.value().why->message + "; " + end.value().why->hint : ""));
    REQUIRE(end.value().complete);
    CHECK(l.shown.back().boots == 2);
    CHECK(l.shown.back().samples == 2);
    const auto r = result_of(l.order, end.value());
    CHECK(r.run.mode == "lab");
    CHECK(r.run.accel == "icount");
    REQUIRE(r.cells.size() == 2);
    CHECK(r.cells[0].policy == "a");
    CHECK(r.cells[1].policy == "b");
    CHECK(r.cells[0].policy_seen == "persb");
    CHECK(r.cells[0].umount_ns == std::vector<std::uint64_t>{3'000'000, 3'000'000});
}

TEST_CASE("a kernel that fails is left out, the others go on, and its console is kept", "[lab][experiment]") {
    lab_run l{
        "says 'Kernel panic - not syncing'; [ -e $0.once ] || { : >$0.once; exit 1; }; "
        "hello; policy; ready; sample 0; sample 1; bye"};
    l.add("b");
    const auto end = l.run();
    REQUIRE(end);
    CHECK_FALSE(end.value().complete);
    REQUIRE(end.value().why);
    CHECK(end.value().why->exit == untestable);
    CHECK(end.value().why->message.find("before its first word; its console: Kernel panic - not syncing") !=
          std::string::npos);
    CHECK(end.value().why->hint.find(l.f / "cache/logs/") != std::string::npos);
    const auto r = result_of(l.order, end.value());
    CHECK(std::count_if(r.cells.begin(), r.cells.end(), [](const auto& c) { return c.samples == 2; }) == 1);
    CHECK(std::count_if(r.cells.begin(), r.cells.end(), [](const auto& c) { return c.samples == 0; }) == 1);
}

TEST_CASE("what a kernel lacks is said before it is booted", "[lab][experiment]") {
    lab_run l{"exit 1"};
    const auto refused = [&](const std::string& config) {
        l.configure(config);
        const auto end = l.run();
        REQUIRE_FALSE(end);
        CHECK(end.error().exit == untestable);
        return end.error().message;
    };
    CHECK(refused(without("MEMCG")) == "lab: a: CONFIG_MEMCG is not set");
    CHECK(refused(without("EXT4_FS")) == "lab: a: CONFIG_EXT4_FS is not set");
    CHECK(refused(without("BLK_DEV_RAM") + "CONFIG_BLK_DEV_RAM=m\n") == "lab: a: its module brd.ko was not found");
    l.order.hz_expected = 1000;
    CHECK(refused(all_options) == "lab: a: it ticks 250 times a second, not 1000 (--hz-expect)");
}

TEST_CASE("a kernel that ticks otherwise than it said is ended, a stop keeps what there is", "[lab][experiment]") {
    lab_run l{"hello; policy; ready; sample 0; spin"};
    SECTION("ticks") {
        l.order.hz_expected = 1000;
        const auto end = l.run();
        REQUIRE(end);
        REQUIRE(end.value().why);
        CHECK(end.value().why->message.find("it ticks 250 times a second, not 1000") != std::string::npos);
    }
    SECTION("a stop") {
        l.add("b");
        const auto end = run_experiment(
            l.order, [&](const boot_progress& p) { l.asked_to_stop = p.samples == 1; },
            [&] { return l.asked_to_stop; });
        REQUIRE(end);
        CHECK_FALSE(end.value().complete);
        REQUIRE(end.value().why);
        CHECK(end.value().why->exit == client::exit_code::interrupted);
        const auto& kernels = end.value().kernels;
        REQUIRE(kernels.size() == 2);
        CHECK(kernels[0].boots() + kernels[1].boots() == 1);
        const auto cells = result_of(l.order, end.value()).cells;  // one that was not booted may have none
        CHECK(std::accumulate(cells.begin(), cells.end(), 0, [](int n, const auto& c) { return n + c.samples; }) == 1);
    }
    SECTION("an old QEMU") {
        l.order.emulator.version = "7.2";
        CHECK(l.run().error().code == "old_qemu");
    }
}
