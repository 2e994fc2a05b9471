#include "controller/lab/tally.hpp"

#include "controller/lab/experiment.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::lab;

namespace {

drainlab::guest::parameters one_scenario(const char* name) {
    drainlab::guest::parameters p;
    p.scenarios.emplace_back();
    p.scenarios.back().name = name;
    return p;
}

sample_told sample(const char* scenario, std::uint64_t ms, bool busy = false, int status = 0) {
    sample_told s;
    s.scenario = scenario;
    s.status = status;
    s.busy_inodes = busy;
    s.figures.umount_ns = ms * 1'000'000;
    s.figures.drain_calls = 1;
    return s;
}

kernel_tally measured(const char* release, const char* policy, const char* label = "") {
    kernel_image image;
    image.label = label;
    image.name = std::string("linux-image-") + release;
    kernel_tally t(image);
    t.begin_boot(one_scenario("s"));
    t.take(hello{release, "", 4});
    t.take(policy_told{policy, "worker", {}});
    t.take(ready{250, 10});
    for (const std::uint64_t ms : {4u, 2u, 3u}) t.take(sample("s", ms));
    return t;
}

}  // namespace

TEST_CASE("what a kernel's guests said becomes a cell", "[lab][tally]") {
    const auto t = measured("6.12.95", "base");
    const auto cells = t.cells("base");
    REQUIRE(cells.size() == 1);
    CHECK(cells[0].samples == 3);
    CHECK(cells[0].umount_ms->p50 == Approx(3.0));
    CHECK(cells[0].kernel == "6.12.95 (linux-image-6.12.95)");
    CHECK(cells[0].policy_seen == "base");
    CHECK(cells[0].mounts == "ext4");
}

TEST_CASE("busy inodes in the console are a violation, and that unmount is no sample", "[lab][tally]") {
    auto t = measured("6.1.170", "rework");
    t.take(sample("s", 50, true, 11));
    machine_end end;
    end.console = "[ 2.1] VFS: Busy inodes after unmount of ram8 (ext4)\n";
    t.end_boot(end);
    CHECK(t.violated());
    const auto cells = t.cells("rework");
    CHECK(cells[0].samples == 3);
    REQUIRE(cells[0].violations.size() == 1);
    CHECK(cells[0].violations[0].message == "VFS: Busy inodes after unmount of ram8 (ext4)");
}

TEST_CASE("an unmount that failed is told and does not count", "[lab][tally]") {
    auto t = measured("6.1.170", "rework");
    t.take(sample("s", 50, false, 256));
    const auto cells = t.cells("rework");
    CHECK(cells[0].samples == 3);
    REQUIRE_FALSE(cells[0].observations.empty());
    CHECK_THAT(cells[0].observations[0], Catch::Contains("status 256"));
}

TEST_CASE("rows are called by label, by policy, or by both where a policy is there twice", "[lab][tally]") {
    experiment_end end;
    end.kernels.push_back(measured("6.12.95", "base"));
    end.kernels.push_back(measured("6.18.12", "base"));
    end.kernels.push_back(measured("7.2.12", "persb"));
    end.kernels.push_back(measured("7.0.0", "persb", "mine"));
    experiment_order order;
    std::vector<std::string> names;
    for (const auto& c : result_of(order, end).cells) names.push_back(c.policy);
    CHECK_THAT(names,
               Catch::UnorderedEquals(std::vector<std::string>{"base@6.12.95", "base@6.18.12", "persb", "mine"}));
}
