#include "controller/lab/profile_out.hpp"

#include "controller/lab/experiment.hpp"
#include "controller/lab/plan.hpp"
#include "controller/lab/protocol.hpp"
#include "controller/result/read.hpp"
#include "controller/result/write.hpp"
#include "fusefs/profile/keys.hpp"
#include "fusefs/profile/load.hpp"
#include "workloads/guest/json_line.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace std::chrono_literals;
using guest::causes;

namespace {

causes measured() {
    causes c;
    c.hz = 1000;
    c.cpus = 2;
    c.wake_from_gp = 0;
    c.blimit = 30;
    c.callback_ns = 612;
    c.callbacks_per_generation = 91;
    c.callbacks_idle_per_s = 250;
    c.umount_cpu_idle_ns = 3'456'789;
    c.before_call_permille = 430;
    c.in_shutdown_permille = 510;
    c.sync_write_ns = 41'000;
    c.cgroup_locked_permille = 610;
    c.synchronize_idle_ns = 7'100'000;
    c.synchronize_loaded_ns = 12'600'000;
    return c;
}

kernel::profile elsewhere() {
    kernel::profile p;
    p.zero = false;
    p.worker_wake = 5us;
    p.tick_jitter = 20us;
    p.background_callbacks_per_s = 0.125;
    return p;
}

}  // namespace

TEST_CASE("causes become a profile, latencies do not", "[lab][profile]") {
    const auto m = lab::profile_of(measured(), elsewhere(), true);
    CHECK(m.profile.hz == 1000);
    CHECK_FALSE(m.profile.wake_from_gp);
    CHECK(m.profile.callback_cost == 612ns);
    CHECK(m.profile.callbacks_per_cgroup_exit == 91);
    CHECK(m.profile.background_callbacks_per_s == 250);
    CHECK(m.profile.umount_base == 3'456'789ns);
    CHECK(m.profile.umount_before_call == Approx(0.43));
    CHECK(m.profile.cgroup_locked == Approx(0.61));
    CHECK(m.profile.shared_clock);
    CHECK(m.profile.worker_wake == 5us);  // not measured
    CHECK(m.measured.contains("blimit"));
    CHECK_FALSE(m.measured.contains("worker_wake"));
    CHECK_FALSE(m.measured.contains("gp_init"));
}

TEST_CASE("a profile that was written is read back to the same values", "[lab][profile]") {
    const auto c = GENERATE(causes{}, measured());
    const auto m = lab::profile_of(c, elsewhere(), false);
    const auto text = lab::profile_text(m, c, "Linux 6.0 (base)");
    CAPTURE(text);
    const auto back = profile::parse_profile(text, "mine.toml");
    REQUIRE(back);
    for (const auto& k : profile::keys()) {
        CAPTURE(k.name);
        CHECK(std::visit([&](auto field) { return (*back.value).*field == m.profile.*field; }, k.field));
    }
}

TEST_CASE("what a profile cannot say is not taken", "[lab][profile]") {
    causes c;
    c.hz = 7;  // no kernel ticks so slowly
    c.callback_ns = 5'000'000'000;
    const auto m = lab::profile_of(c, elsewhere(), true);
    CHECK(m.profile.hz == kernel::profile{}.hz);
    CHECK(m.measured == std::set<std::string>{"shared_clock"});
}

TEST_CASE("latencies are told", "[lab][profile]") {
    CHECK_THAT(lab::latencies_told(measured()),
               Catch::StartsWith("synchronize_rcu() 7.1 ms idle, 12.6 under load; expedited ?, ?"));
}

TEST_CASE("a guest's measurement on its way to a result and back", "[lab][profile]") {
    guest::json_line line("measured");
    for (const auto& k : guest::cause_keys())
        if (measured().*k.field != causes::unknown) line.number(k.name, measured().*k.field);
    const auto m = lab::parse_message(line.str());
    REQUIRE(m);
    CHECK(std::get<lab::measured_told>(*m).causes == measured());

    lab::experiment_order order;
    lab::experiment_end end;
    lab::kernel_image image;
    image.name = "linux-image-6.0";
    end.kernels.emplace_back(image);
    end.kernels.back().take(lab::hello{"6.0", "", 2});
    end.kernels.back().take(lab::policy_told{"base", "worker", {}});
    end.kernels.back().take(*m);
    const auto read = report::read_json(report::to_json(lab::result_of(order, end)));
    REQUIRE(read);
    REQUIRE((*read.value).guests.size() == 1);
    const auto& g = (*read.value).guests.front();
    CHECK(g.policy == "base");
    CHECK(g.kernel == "6.0");
    CHECK(g.figures.at("callback_ns") == 612);
    CHECK(g.figures.at("wake_from_gp") == 0);
    CHECK_FALSE(g.figures.contains("gp_init_ns"));
    CHECK(lab::causes_of(g.figures) == measured());
}

TEST_CASE("a kernel is measured in its first boot only, and only if asked", "[lab][profile]") {
    guest::parameters told;
    told.scenarios.emplace_back();
    told.scenarios.back().name = "s";
    for (const bool asked : {false, true}) {
        told.measure = asked;
        int measuring = 0;
        for (const auto& boot : lab::plan_boots(2, told, 20, 5, 1)) measuring += boot.told.measure;
        CHECK(measuring == (asked ? 2 : 0));
    }
}
