#include "controller/cli/kernel_variant.hpp"

#include "controller/cli/known.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab::cli;
using word_list = std::vector<std::string>;

TEST_CASE("a release tells the policy it is likely to have", "[doctor]") {
    CHECK(kernel_variant_of("4.1.0").candidates.empty());
    CHECK(kernel_variant_of("4.4.302").candidates == word_list{"none"});
    CHECK(kernel_variant_of("4.19.0-27-amd64").candidates == word_list{"flush"});
    CHECK(kernel_variant_of("5.4.0-200-generic").candidates == word_list{"barrier"});
    CHECK(kernel_variant_of("5.15.0-91-generic").candidates == word_list{"rework"});
    CHECK(kernel_variant_of("6.18.38").candidates == word_list{"base"});
    CHECK(kernel_variant_of("7.0.9").candidates == word_list{"base"});
    CHECK(kernel_variant_of("7.2.0-rc1").candidates == word_list{"persb"});
    CHECK(kernel_variant_of("10.1.2").candidates == word_list{"persb"});
}

TEST_CASE("stable series with the fix are told apart by their patch level", "[doctor]") {
    for (const char* fixed : {"5.10.261", "6.1.178-1", "6.6.145", "6.12.96+deb13", "6.18.44-fc", "7.1.4"}) {
        CAPTURE(fixed);
        CHECK(kernel_variant_of(fixed).candidates == word_list{"race", "rmbarrier"});
    }
    CHECK(kernel_variant_of("6.12.95").candidates == word_list{"rework"});
    CHECK(kernel_variant_of("6.19.99").candidates == word_list{"base"});
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

TEST_CASE("what is seen in the kernel beats its number", "[cli][kernel]") {
    kernel_evidence seen;
    seen.code = drainlab::guest::policy_verdict{"rmbarrier", "worker"};
    seen.btf_counter = false;
    const auto v = corrected(kernel_variant_of("6.12.117"), seen);
    CHECK(v.candidates == word_list{"rmbarrier"});
    CHECK(v.seen == "machine code");
}

TEST_CASE("without machine code BTF tells persb from the rest", "[cli][kernel]") {
    kernel_evidence seen;
    seen.no_code = "/proc/kcore: Permission denied";
    seen.btf_counter = true;
    CHECK(corrected(kernel_variant_of("6.12.95"), seen).candidates == word_list{"persb"});
    CHECK(corrected(kernel_variant_of("6.12.95"), seen).seen == "BTF");
    seen.btf_counter = false;
    const auto not_persb = corrected(kernel_variant_of("7.2.0"), seen);
    CHECK(not_persb.candidates.empty());
    CHECK(not_persb.seen.empty());
    CHECK_THAT(not_persb.note, Catch::Contains("Permission denied"));
    seen.btf_counter.reset();
    CHECK(corrected(kernel_variant_of("7.2.0"), seen).candidates == word_list{"persb"});
}

TEST_CASE("machine code that nobody knows decides nothing", "[cli][kernel]") {
    kernel_evidence seen;
    seen.code = drainlab::guest::policy_verdict{"unknown: calls mutex_lock", "worker"};
    const auto v = corrected(kernel_variant_of("6.18.10"), seen);
    CHECK(v.candidates == word_list{"base"});
    CHECK_THAT(v.note, Catch::Contains("calls mutex_lock"));
}
