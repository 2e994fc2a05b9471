#include "controller/cli/kernel_variant.hpp"

#include "controller/cli/known.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab::cli;
using words = std::vector<std::string>;

TEST_CASE("a release tells the policy it is likely to have", "[doctor]") {
    CHECK(kernel_variant_of("4.1.0").candidates.empty());
    CHECK(kernel_variant_of("4.4.302").candidates == words{"none"});
    CHECK(kernel_variant_of("4.19.0-27-amd64").candidates == words{"flush"});
    CHECK(kernel_variant_of("5.4.0-200-generic").candidates == words{"barrier"});
    CHECK(kernel_variant_of("5.15.0-91-generic").candidates == words{"rework"});
    CHECK(kernel_variant_of("6.18.38").candidates == words{"base"});
    CHECK(kernel_variant_of("7.0.9").candidates == words{"base"});
    CHECK(kernel_variant_of("7.2.0-rc1").candidates == words{"persb"});
    CHECK(kernel_variant_of("10.1.2").candidates == words{"persb"});
}

TEST_CASE("stable series with the fix are told apart by their patch level", "[doctor]") {
    for (const char* fixed : {"5.10.261", "6.1.178-1", "6.6.145", "6.12.96+deb13", "6.18.44-fc", "7.1.4"}) {
        CAPTURE(fixed);
        CHECK(kernel_variant_of(fixed).candidates == words{"race", "rmbarrier"});
    }
    CHECK(kernel_variant_of("6.12.95").candidates == words{"rework"});
    CHECK(kernel_variant_of("6.19.99").candidates == words{"base"});
}

TEST_CASE("it never claims to be sure", "[doctor]") {
    for (const char* release : {"5.15.0", "6.18.44", "7.2.0"})
        CHECK(kernel_variant_of(release).note.find("version number alone") != std::string::npos);
    CHECK(kernel_variant_of("rolling").note.find("not a version") != std::string::npos);
    CHECK(kernel_variant_of("").candidates.empty());
}

TEST_CASE("every policy it names exists", "[doctor]") {
    const auto known = known_policies();
    for (const char* release : {"4.2.0", "4.9.0", "5.4.0", "5.15.0", "6.18.1", "6.18.44", "7.2.0"})
        for (const auto& c : kernel_variant_of(release).candidates) {
            CAPTURE(release, c);
            CHECK(std::find(known.begin(), known.end(), c) != known.end());
        }
}
