#include "fusefs/control/http.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;

TEST_CASE("a request target is split and decoded", "[control]") {
    http_request r;
    REQUIRE(parse_target("/mounts/a%20b/wait?state=dead&timeout_ms=5&flag", r));
    CHECK(r.path == "/mounts/a b/wait");
    CHECK(r.parts == std::vector<std::string>{"mounts", "a b", "wait"});
    CHECK(r.query.at("state") == "dead");
    CHECK(r.query.at("timeout_ms") == "5");
    CHECK(r.query.at("flag").empty());
    for (const char* wrong : {"", "mounts", "/a%2", "/a%zz", "/a?x=%g0"}) {
        CAPTURE(wrong);
        http_request out;
        CHECK_FALSE(parse_target(wrong, out));
    }
}

TEST_CASE("a part of a path may have a slash in it", "[control]") {
    http_request r;
    REQUIRE(parse_target("//mounts/dir:%2Fmnt%2Fa/", r));
    CHECK(r.parts == std::vector<std::string>{"mounts", "dir:/mnt/a"});
    REQUIRE(parse_target("/", r));
    CHECK(r.parts.empty());
}

TEST_CASE("a request target is UTF-8 once it is decoded", "[control]") {
    http_request r;
    REQUIRE(parse_target("/mounts/%c3%a4%e2%82%ac%f0%9f%90%a7?a=%ef%bf%bd", r));
    CHECK(r.path == "/mounts/\u00e4\u20ac\U0001f427");
    for (const char* wrong : {"/%ff", "/%c3", "/%c3%28", "/%c0%80", "/%e0%80%80", "/%ed%a0%80", "/%f4%90%80%80",
                              "/%f8%80%80%80%80", "/%80", "/a?%ff=1", "/a?x=%ff", "/a%e2%82"}) {
        CAPTURE(wrong);
        http_request out;
        CHECK_FALSE(parse_target(wrong, out));
    }
}

TEST_CASE("an error is told in JSON, whatever bytes it names", "[control]") {
    const auto r = error_response({404, "not_found", "no \"x\xff\"", "look"});
    CHECK(r.status == 404);
    CHECK(r.body.find(R"("code":"not_found")") != std::string::npos);
    CHECK(r.body.find(R"(no \"x)") != std::string::npos);
}
