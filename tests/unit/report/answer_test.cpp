// What a result says in sentences: which is faster, by how much, and how sure that is.
#include "controller/report/answer.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;
using all_of = std::vector<std::string>;

namespace {

result compared(const std::string& policy, double ratio, double low, double high) {
    result r;
    for (const auto& id : {policy, std::string{"persb"}}) {
        cell c;
        c.scenario = "idle";
        c.policy = id;
        c.samples = 30;
        r.cells.push_back(c);
    }
    r.comparisons = {{"idle", policy, "persb", ratio, {low, high}, {}}};
    return r;
}

}  // namespace

TEST_CASE("the faster one is named first, with how many times and the interval", "[answer]") {
    CHECK(answers(compared("base", 12, 11, 13.4)) ==
          all_of{"idle: an unmount is 12 times faster under persb than under base [11, 13]."});
    CHECK(answers(compared("none", 0.5, 0.4, 0.8)) ==
          all_of{"idle: an unmount is 2.0 times faster under none than under persb [1.2, 2.5]."});
}

TEST_CASE("an interval around 1 is no difference, as far as so many samples can tell", "[answer]") {
    CHECK(answers(compared("base", 1.2, 0.9, 1.5)) ==
          all_of{"idle: an unmount takes as long under base as under persb, as far as 30 samples can tell: 1.2 times "
                 "[0.9, 1.5]."});
}

TEST_CASE("base tells for a scenario, else the slowest that can be compared", "[answer]") {
    auto r = compared("race", 3, 2, 4);
    cell other = r.cells[0];
    other.policy = "rework";
    r.cells.push_back(other);
    r.comparisons.push_back({"idle", "rework", "persb", 5, {4, 6}, {}});
    CHECK(answers(r) == all_of{"idle: an unmount is 5.0 times faster under persb than under rework [4.0, 6.0]."});
    other.policy = "base";
    r.cells.push_back(other);
    r.comparisons.push_back({"idle", "base", "persb", 2, {1.5, 2.5}, {}});
    r.cells[0].weak = true;
    CHECK(answers(r) == all_of{"idle: an unmount is 2.0 times faster under persb than under base [1.5, 2.5]; weak: few "
                               "calls found switches in flight."});
    r.comparisons.clear();
    CHECK(answers(r) == all_of{"idle: nothing to compare with."});
}

TEST_CASE("a cell is called by what tells it apart: its strategy, policy, namespace policy or mounts", "[answer]") {
    cell c;
    c.mounts = "tmpfs";
    CHECK(label(c) == "tmpfs");
    c.namespace_policy = "deferred";
    CHECK(label(c) == "deferred");
    c.mounts = "drainfs";
    c.policy = "persb";
    CHECK(label(c) == "persb");
    c.strategy.emplace();
    c.strategy->name = "lazy";
    CHECK(label(c) == "lazy");
}

TEST_CASE("provenance: which clock, which machine, what was modelled", "[answer]") {
    result r;
    r.run.profile = "lab";
    r.run.seed = 3;
    r.environment.kernel = "6.1";
    r.environment.cpus = 2;
    r.environment.umount_wait = "gate";
    r.environment.identity = "cgroup";
    CHECK(provenance(r) ==
          "Measured: the wall clock around a real umount(8) (kernel 6.1, 2 CPUs, wait by gate, identity by cgroup). "
          "Modelled: grace periods, barriers and switches inside it (profile lab, seed 3).");
    r.run.mode = "sim";
    CHECK(provenance(r) == "Simulated: all times are the model's (profile lab, 2 CPUs, seed 3).");
}

TEST_CASE("provenance of guests: what their clock is worth, and which kernel each name is", "[answer]") {
    auto r = compared("base", 2, 1, 3);
    r.run.mode = "lab";
    r.run.workload = "churn";
    r.run.umount = "syscall";
    r.environment.cpus = 4;
    r.cells[0].kernel = "6.18";
    const std::string after = "; load churn; seed 0; base is 6.18, persb is unknown.";
    const std::string real = "Measured: a real umount2() on real kernels, in guests of 4 CPUs";
    r.run.accel = "kvm";
    CHECK(provenance(r) == real + after);
    r.run.accel = "tcg";
    CHECK(provenance(r) == real + ", emulated, which the host's load disturbs: for function, not for time" + after);
    r.run.accel = "icount";
    CHECK(provenance(r) == real +
                               ", by a clock that counts instructions (compare ratios and parts: CPU time under load "
                               "is inflated)" +
                               after);
}
