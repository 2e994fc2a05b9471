// `sim --compare FILE`: a result of ours as the other side.
#include "controller/result/collect.hpp"
#include "controller/result/write.hpp"
#include "controller/sim/compare.hpp"
#include "controller/sim/reference.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace drainlab;

namespace {

/// A file with this result, until the end of the test.
struct result_file {
    explicit result_file(const report::result& r) {
        const int fd = ::mkstemp(name.data());
        REQUIRE(fd >= 0);
        ::close(fd);
        std::ofstream{name} << report::to_json(r);
    }
    ~result_file() { ::unlink(name.c_str()); }
    std::string name{"/tmp/drainlab-compared-XXXXXX"};
};

report::cell cell_of(const char* policy, int samples, std::uint64_t umount_ns, std::uint64_t barrier_ns) {
    report::collector c{"own_churn", policy};
    for (int i = 0; i < samples; ++i) {
        report::umount_sample u;
        u.umount_ns = umount_ns;
        u.drain_calls = 1;
        u.drain_waited = barrier_ns > 0;
        u.barrier_ns = barrier_ns;
        report::cycle_sample cycle;
        cycle.umounts = {u};
        c.add(cycle);
    }
    return c.make();
}

}  // namespace

TEST_CASE("A quantile that too few samples do not bear is not compared", "[compare]") {
    report::result made;
    made.run.mode = "lab";
    made.cells = {cell_of("base", 12, 60'800'000, 25'200'000), cell_of("persb", 40, 24'900'000, 0)};
    const result_file file{made};
    const auto r = sim::load_reference(file.name);
    REQUIRE(r.has_value());
    const auto& f = *r.value();
    CHECK(f.umount_ms.at("own_churn").at("base").p50 == Approx(60.8));
    CHECK_FALSE(f.umount_ms.at("own_churn").at("base").p95);
    CHECK(f.umount_ms.at("own_churn").at("persb").p95 == Approx(24.9));
    CHECK(f.parts_ms.at("own_churn").at("base").at("barrier") == Approx(25.2));
    CHECK_FALSE(f.parts_ms.at("own_churn").contains("persb"));
}

namespace {

report::cell of_kernel(const char* row, const char* policy, const char* kernel, std::uint64_t umount_ms,
                       std::uint64_t drained_ms) {
    report::collector c{"own_churn", row};
    for (int i = 0; i < 20; ++i) {
        report::umount_sample u;
        u.umount_ns = umount_ms * 1'000'000;
        u.detached_ns = 1'000'000;
        u.drain_begins_ns = 2'000'000;
        u.drained_ns = drained_ms * 1'000'000;
        u.drain_calls = u.drain_waited = 1;
        u.barrier_ns = (drained_ms - 2) * 1'000'000;
        report::cycle_sample cycle;
        cycle.umounts = {u};
        c.add(cycle);
    }
    auto made = c.make();
    made.policy_seen = policy;
    if (*kernel != '\0') made.kernel = kernel;
    return made;
}

/// Two kernels of one policy, and one whose row is called by its policy.
report::result three_kernels() {
    report::result r;
    r.run.mode = "lab";
    r.environment.cpus = 4;
    r.cells = {of_kernel("base@6.12.95-x", "base", "6.12.95-x (linux-image-6.12.95-x)", 40, 30),
               of_kernel("base@6.18.12-y", "base", "6.18.12-y (linux-image-6.18.12-y)", 50, 40),
               of_kernel("persb", "persb", "7.2.12 (linux-binary-7.2.12)", 20, 3)};
    r.guests = {{"base@6.18.12-y", "6.18.12-y", {{"callback_ns", 500}}}};
    return r;
}

}  // namespace

TEST_CASE("rows of a lab's result are kernels, of which several may have one policy", "[compare]") {
    const result_file file{three_kernels()};
    const auto theirs = sim::load_reference(file.name);
    REQUIRE(theirs.has_value());
    const auto m = sim::machine_behind(theirs.value());
    CHECK(m.policies == std::vector<std::string>{"base", "persb"});
    REQUIRE(m.rows.size() == 3);
    CHECK(m.rows[0].name == "base@6.12.95-x");
    CHECK(m.rows[0].policy == "base");
    CHECK(m.rows[0].release == "6.12.95-x");
    CHECK_FALSE(m.rows[0].wakes_from_gp);
    CHECK(m.rows[1].wakes_from_gp);
    CHECK(m.rows[1].figures.at("callback_ns") == 500);
    CHECK(m.rows[2].name == "persb");
    CHECK(m.rows[2].wakes_from_gp);
}

TEST_CASE("a row is held against the cell of its name, else against that of its policy", "[compare]") {
    const result_file file{three_kernels()};
    const auto theirs = sim::load_reference(file.name);
    REQUIRE(theirs.has_value());
    report::result ours;
    ours.run.mode = "sim";
    ours.cells = {of_kernel("base", "base", "", 50, 40), of_kernel("base@6.12.95-x", "base", "", 40, 30),
                  of_kernel("persb", "persb", "", 20, 3)};
    const auto c = sim::compare(ours, theirs.value());
    CAPTURE(c.text);
    CHECK(c.figures > 0);
    CHECK(c.missed == 0);  // 6.12.95 by its name, 6.18.12 by its policy
    ours.cells.erase(ours.cells.begin() + 1);
    CHECK(sim::compare(ours, theirs.value()).missed == 1);
}

TEST_CASE("the cause of a miss is read off the phases of both", "[compare]") {
    const result_file file{three_kernels()};
    const auto theirs = sim::load_reference(file.name);
    REQUIRE(theirs.has_value());
    report::result ours;
    ours.run.mode = "sim";
    ours.cells = {of_kernel("base@6.12.95-x", "base", "", 60, 50)};
    const auto c = sim::compare(ours, theirs.value());
    CHECK_THAT(c.text, Catch::Contains("missed: own_churn base@6.12.95-x (ratio 1.50): mostly in the drain: 48.0 ms, "
                                       "theirs 28.0"));
    CHECK_THAT(c.text, !Catch::Contains("unknown"));
    ours.cells.front().rcu_ms.barrier = report::spread{48.0, {}, 50.0};
    auto measured = three_kernels();
    measured.guests = {{"base@6.12.95-x", "6.12.95-x", {{"barrier_loaded_ns", 28'500'000}}}};
    const result_file other{measured};
    const auto again = sim::compare(ours, sim::load_reference(other.name).value());
    CHECK_THAT(again.text, Catch::Contains("base@6.12.95-x barrier (ratio 1.71): rcu_barrier() takes 48.0 ms in the "
                                           "model, 28.5 in that guest"));
}

TEST_CASE("who wakes synchronize_rcu() in a kernel as it comes", "[compare]") {
    for (const auto* release : {"6.1.0-47-cloud-amd64", "6.12.95+deb12-cloud-amd64", "6.17.1", "5.19", "6", ""})
        CHECK_FALSE(sim::wakes_from_gp(release, 4));
    for (const auto* release : {"6.18.12+deb13-cloud-amd64", "7.2.12", "6.18", "10.0"})
        CHECK(sim::wakes_from_gp(release, 16));
    CHECK_FALSE(sim::wakes_from_gp("7.2.12", 17));
}
