#include "fusefs/control/http.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;

TEST_CASE("a request target is split and decoded", "[control]") {
    http_request r;
    REQUIRE(parse_target("/mounts/a%20b/wait?state=dead&timeout_ms=5&flag", r));
    CHECK(r.path == "/mounts/a b/wait");
    CHECK(r.query.at("state") == "dead");
    CHECK(r.query.at("timeout_ms") == "5");
    CHECK(r.query.at("flag").empty());
    for (const char* wrong : {"", "mounts", "/a%2", "/a%zz", "/a?x=%g0"}) {
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
