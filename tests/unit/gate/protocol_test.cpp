#include "fusefs/gate/protocol.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace drainlab::gate;

TEST_CASE("a request comes out as it went in", "[gate]") {
    request r{command::umount, 7, 0x1122334455667788, 0x2d, flag_lazy | flag_force, "/tmp/a b", 4711};
    const auto back = decode_request(encode(r));
    REQUIRE(back.has_value());
    CHECK(back->op == command::umount);
    CHECK(back->mount == 7);
    CHECK(back->tag == 0x1122334455667788);
    CHECK(back->dev == 0x2d);
    CHECK(back->flags == (flag_lazy | flag_force));
    CHECK(back->path == "/tmp/a b");
    CHECK(back->tid == 4711);
}

TEST_CASE("the longest path fits a message", "[gate]") {
    request r{command::umount, 1, 1, 1, 0, std::string(4095, 'x'), 0};
    const std::string bytes = encode(r);
    CHECK(bytes.size() <= request_limit);
    CHECK(decode_request(bytes)->path.size() == 4095);
}

TEST_CASE("what is no request is refused", "[gate]") {
    std::string bytes = encode({command::probe, 1, 2, 3, 0, "", 0});
    CHECK(decode_request(bytes).has_value());
    SECTION("cut short") { bytes.pop_back(); }
    SECTION("too long") { bytes += 'x'; }
    SECTION("another magic") { bytes[0] = '?'; }
    SECTION("an unknown command") { bytes[4] = 99; }
    SECTION("a sweep, which nobody sends") { bytes[4] = static_cast<char>(command::sweep); }
    SECTION("empty") { bytes.clear(); }
    CHECK_FALSE(decode_request(bytes).has_value());
}

TEST_CASE("a report is checked as well", "[gate]") {
    report r;
    r.kind = report_kind::entering;
    r.tid = 4711;
    std::string bytes(sizeof r, '\0');
    std::memcpy(bytes.data(), &r, sizeof r);
    REQUIRE(decode_report(bytes).has_value());
    CHECK(decode_report(bytes)->tid == 4711);
    bytes[4] = 0;
    CHECK_FALSE(decode_report(bytes).has_value());
    CHECK_FALSE(decode_report("short").has_value());
}
