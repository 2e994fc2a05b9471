#include "controller/result/compare.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;

namespace {

result made(double factor, int samples = 40) {
    result r;
    r.environment.kernel = "6.18";
    for (const auto* policy : {"base", "persb"}) {
        cell c;
        c.scenario = "idle";
        c.policy = policy;
        for (int i = 0; i < samples; ++i)
            c.umount_ns.push_back(static_cast<std::uint64_t>((50e6 + 0.5e6 * i) * (c.policy == "base" ? factor : 1)));
        r.cells.push_back(std::move(c));
    }
    return r;
}

}  // namespace

TEST_CASE("a verdict takes an effect and significance", "[compare]") {
    const auto before = made(1);
    const auto verdict = [&](double factor, compare_options o = {}) {
        const auto after = made(factor);
        return compare(before, after, o).cells.front().what;
    };
    CHECK(verdict(1) == change::same);
    CHECK(verdict(1.3) == change::worse);
    CHECK(verdict(1 / 1.3) == change::better);
    CHECK(verdict(1.08) == change::inconclusive);            // beyond chance, but is it 10 %?
    CHECK(verdict(1.3, {0.5, 0.95, 0.01}) == change::same);  // who does not mind 50 %
    CHECK(verdict(1.3, {0.1, 0.95, 1e-30}) == change::inconclusive);
}

TEST_CASE("what is unlike is named", "[compare]") {
    const auto before = made(1);
    auto after = made(1);
    CHECK(compare(before, after, {}).unlike.empty());
    after.environment.kernel = "7.2";
    after.environment.cpus = 4;
    after.cells.pop_back();
    after.cells.front().umount_ns.resize(9);
    CHECK(compare(before, after, {}).unlike ==
          std::vector<std::string>{"kernel: 6.18 and 7.2", "CPUs: 0 and 4", "only the first has idle under persb",
                                   "the second has 9 samples of idle under base; 10 are needed"});
    CHECK(compare(before, after, {}).cells.size() == 1);
    CHECK(compare(before, after, {}).cells.front().what == change::inconclusive);
}

TEST_CASE("guests with other kernels are unlike, whatever the policy is called", "[compare]") {
    auto before = made(1), after = made(1);
    before.cells[0].kernel = "6.12.57";
    after.cells[0].kernel = "6.12.63";
    after.run.accel = "kvm";
    CHECK(compare(before, after, {}).unlike ==
          std::vector<std::string>{"guests run by: none and kvm", "kernel of idle under base: 6.12.57 and 6.12.63"});
}
