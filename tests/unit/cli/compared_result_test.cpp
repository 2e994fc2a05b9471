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
