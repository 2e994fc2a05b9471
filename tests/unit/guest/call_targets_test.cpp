#include "workloads/guest/call_targets.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace drainlab::guest;

namespace {

/// Five bytes that call or jump from `at` to `to`.
std::string branch(unsigned char op, std::uint64_t at, std::uint64_t to) {
    const auto distance = static_cast<std::int32_t>(to - (at + 5));
    std::string bytes(5, '\0');
    bytes[0] = static_cast<char>(op);
    std::memcpy(bytes.data() + 1, &distance, sizeof distance);
    return bytes;
}

const std::vector<symbol> symbols{{0x1000, "before"}, {0x2000, "rcu_barrier"}, {0x3000, "__x86_return_thunk"}};

}  // namespace

TEST_CASE("calls and tail calls are found, each once", "[guest][policy]") {
    const auto code = std::string("\x90\x55") + branch(0xe8, 0x1502, 0x2000) + branch(0xe8, 0x1507, 0x2000) +
                      branch(0xe9, 0x150c, 0x1000) + branch(0xe9, 0x1511, 0x3000);
    CHECK(call_targets(code, 0x1500, symbols) == std::vector<std::string>{"rcu_barrier", "before"});
}

TEST_CASE("a target inside a function is no call of it", "[guest][policy]") {
    CHECK(call_targets(branch(0xe8, 0x1500, 0x2004), 0x1500, symbols).empty());
    CHECK(call_targets(branch(0xe8, 0x1500, 0x2000).substr(0, 4), 0x1500, symbols).empty());
}

TEST_CASE("functions in kallsyms, by address", "[guest][policy]") {
    const auto s = parse_kallsyms(
        "ffffffff81000010 T second\nffffffff81000000 t first\nffffffff82000000 D data\n"
        "ffffffffc0000000 t of_module\t[brd]\ngarbage\n");
    REQUIRE(s.size() == 3);
    CHECK(s[0].name == "first");
    CHECK(s[0].address == 0xffffffff81000000);
    CHECK(s[1].name == "second");
    CHECK(s[2].name == "of_module");
}

TEST_CASE("hidden addresses are no symbols", "[guest][policy]") {
    CHECK(parse_kallsyms("0000000000000000 T first\n0000000000000000 T second\n").empty());
}
