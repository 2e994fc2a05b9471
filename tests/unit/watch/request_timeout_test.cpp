#include "fusefs/control/watch/request_timeout.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace drainlab::control;
using namespace std::chrono_literals;

TEST_CASE("the smaller of the kernel's two limits that are set is in force", "[watch]") {
    const drainlab::tests::own_folder own;
    const std::string& folder = own.dir;
    const auto with = [&](int usual, int most) {
        std::ofstream{folder + "/default_request_timeout"} << usual << '\n';
        std::ofstream{folder + "/max_request_timeout"} << most << '\n';
        return request_timeout(folder);
    };
    CHECK(with(0, 0) == 0s);
    CHECK(with(20, 0) == 20s);
    CHECK(with(0, 60) == 60s);
    CHECK(with(120, 60) == 60s);
    CHECK(request_timeout(folder + "/none") == 0s);
    CHECK(request_timeout_warning(0s).empty());
    CHECK(request_timeout_warning(60s).find("60 s") != std::string::npos);
}
