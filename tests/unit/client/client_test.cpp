#include "controller/client/client.hpp"

#include "fusefs/version.hpp"
#include "tests/own_folder.hpp"
#include "tests/unit/client/canned_server.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <poll.h>
#include <thread>
#include <unistd.h>

using namespace drainlab::client;
using nlohmann::json;
using namespace std::chrono_literals;
using drainlab::test::canned_server;
using drainlab::test::http;

TEST_CASE("an answer is JSON", "[client]") {
    std::string seen;
    {
        canned_server server({http("201 Created", R"({"id":7})")});
        const auto made = blocking_client(server.path()).post("/mounts", json{{"dir", "/mnt"}});
        REQUIRE(made);
        CHECK(made.value().at("id") == 7);
        CHECK(server.seen.find("POST /mounts HTTP/1.1\r\n") == 0);
        CHECK(server.seen.ends_with(R"({"dir":"/mnt"})"));
    }
}

TEST_CASE("the daemon's own words and code reach the caller", "[client]") {
    canned_server server(
        {http("400 Bad Request", R"({"error":{"code":"unknown_policy","message":"no x","hint":"try base"}})")});
    const auto answer = blocking_client(server.path()).get("/mounts");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == "unknown_policy");
    CHECK(answer.error().message == "no x");
    CHECK(answer.error().hint == "try base");
    CHECK(answer.error().exit == exit_code::usage);
    CHECK(answer.error().http_status == 400);
}

TEST_CASE("a daemon that does not know what is asked is told to be too old, or too new", "[client]") {
    const auto said = [](const std::string& header, const char* status, const char* body) {
        auto answer = http(status, body);
        answer.insert(answer.find("\r\n\r\n"), header);
        canned_server server({answer});
        return blocking_client(server.path()).get("/mounts/1/wait?holders=false").error();
    };
    constexpr auto unknown_key = R"({"error":{"code":"bad_request","message":"unknown key 'holders'","hint":""}})";
    const auto old = said("", "400 Bad Request", unknown_key);
    CHECK(old.message.find("is too old for this drainctl (protocol 1, drainctl speaks ") != std::string::npos);
    CHECK(old.message.ends_with("unknown key 'holders'"));
    CHECK(old.hint.find("drainctl stop") != std::string::npos);
    CHECK(old.exit == exit_code::cannot_run);
    const auto newer = said("\r\nDrainlab-Protocol: 99", "400 Bad Request", unknown_key);
    CHECK(newer.message.starts_with("this drainctl is too old for the daemon on "));
    CHECK(newer.message.find("it speaks 99") != std::string::npos);
    const auto same = "\r\nDrainlab-Protocol: " + std::to_string(drainlab::protocol_version);
    CHECK(said(same, "400 Bad Request", unknown_key).message == "unknown key 'holders'");
    constexpr auto no_path = R"({"error":{"code":"not_found","message":"no GET /why here","hint":""}})";
    CHECK(said("", "404 Not Found", no_path).message.find("too old") != std::string::npos);
    constexpr auto busy = R"({"error":{"code":"busy","message":"m","hint":""}})";
    CHECK(said("", "409 Conflict", busy).message == "m");
}

TEST_CASE("exit codes follow from the answer", "[client]") {
    const auto exit_of = [](const char* status, const char* body) {
        canned_server server({http(status, body)});
        return blocking_client(server.path()).get("/x").error().exit;
    };
    CHECK(exit_of("409 Conflict", R"({"error":{"code":"busy","message":"m","hint":""}})") == exit_code::busy);
    CHECK(exit_of("408 Request Timeout", R"({"mount":{}})") == exit_code::timed_out);
    CHECK(exit_of("500 Oops", "not json at all") == exit_code::broken);
    CHECK(exit_of("501 Not Implemented", R"({"error":{"code":"failed","message":"no gate","hint":""}})") ==
          exit_code::cannot_run);
}

TEST_CASE("trouble with the connection has a name each", "[client]") {
    const auto nobody = blocking_client("/nonexistent/x.sock").get("/health");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == "no_daemon");
    CHECK(nobody.error().exit == exit_code::broken);
    CHECK_FALSE(blocking_client("/nonexistent/x.sock").answers());
    {
        canned_server server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"});
        CHECK(blocking_client(server.path()).get("/x").error().code == "connection_lost");
    }
    {
        canned_server server({"", ""});  // reads, says nothing until we leave
        const auto late = blocking_client(server.path()).get("/x", 50ms);
        CHECK(late.error().code == "timed_out");
        CHECK(late.error().exit == exit_code::timed_out);
    }
    {
        canned_server server({http("200 OK", "{oops")});
        CHECK(blocking_client(server.path()).get("/x").error().message.find("not JSON") != std::string::npos);
    }
}

TEST_CASE("each verb, and what it carries, reaches the daemon", "[client]") {
    const auto asked = [](auto call) {
        std::string seen;
        {
            canned_server server({http("200 OK", "{}")});
            CHECK(call(blocking_client(server.path())));
            seen = server.seen_when_over();
        }
        return seen;
    };
    const json body{{"policy", "base"}};
    CHECK(asked([&](const blocking_client& c) {
              return c.put("/policy", body);
          }).starts_with("PUT /policy HTTP/1.1\r\n"));
    CHECK(asked([&](const blocking_client& c) { return c.patch("/mounts/1", body); }).ends_with(body.dump()));
    CHECK(
        asked([&](const blocking_client& c) { return c.del("/mounts/1/hold"); }).starts_with("DELETE /mounts/1/hold "));
    CHECK(asked([&](const blocking_client& c) {
              return c.wait_state("1", "dead", 1500ms);
          }).starts_with("GET /mounts/1/wait?state=dead&timeout_ms=1500&holders=false "));
}

TEST_CASE("a connection is kept for the next call where that is wished, and replaced when it has ended", "[client]") {
    canned_server server({http("200 OK", "{}"), http("200 OK", R"({"second":true})")});  // takes one connection
    const blocking_client kept(server.path(), connections::kept);
    CHECK(kept.get("/a"));
    const auto second = blocking_client{kept}.get("/b");  // a copy shares them
    REQUIRE(second);
    CHECK(second.value().at("second") == true);
    const auto seen = server.seen_when_over();
    CHECK(seen.starts_with("GET /a "));
    CHECK(seen.find("GET /b ") != std::string::npos);
    CHECK(kept.get("/c", 50ms).error().code == "timed_out");  // a new connection, which nobody takes
}

TEST_CASE("what is no UTF-8 in a body is replaced, and does not fail", "[client]") {
    std::string seen;
    {
        canned_server server({http("200 OK", "{}")});
        CHECK(blocking_client(server.path()).post("/mounts", json{{"name", "a\xff"}}));
        seen = server.seen_when_over();
    }
    CHECK(seen.ends_with("{\"name\":\"a\xEF\xBF\xBD\"}"));
}

TEST_CASE("an answer without a body is an empty object", "[client]") {
    canned_server server({"HTTP/1.1 204 No Content\r\n\r\n"});
    const auto answer = blocking_client(server.path()).get("/x");
    REQUIRE(answer);
    CHECK(answer.value() == json::object());
}

TEST_CASE("how any unmount waits there is what the daemon says", "[client]") {
    const auto said = [](const std::string& body) {
        canned_server server({http("200 OK", body)});
        return blocking_client(server.path()).any_umount_wait();
    };
    CHECK(said(R"({"umount_wait":"api"})") == "api");
    CHECK(said(R"({"umount_wait":"gate"})") == "auto");
    CHECK(blocking_client("/nonexistent/x.sock").any_umount_wait() == "auto");
    canned_server server({http("200 OK", "{}")});
    CHECK(blocking_client(server.path()).answers());
}

TEST_CASE("a socket that cannot be reached says which way", "[client]") {
    const auto long_path = blocking_client("/" + std::string(200, 'x')).get("/health");
    CHECK(long_path.error().code == "no_daemon");
    CHECK(long_path.error().message.find("File name too long") != std::string::npos);
    canned_server server({http("200 OK", "{}")});
    CHECK(blocking_client(server.path()).get("/health"));
}

TEST_CASE("a daemon of another user is not spoken to", "[client]") {
    if (geteuid() != 0) return;
    const drainlab::tests::own_folder own;
    const std::string& dir = own.dir;
    REQUIRE(chown(dir.c_str(), 1234, 1234) == 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const auto path = dir + "/s.sock";
    path.copy(where.sun_path, sizeof where.sun_path - 1);
    int listening[2], over[2];
    REQUIRE(pipe(listening) == 0);
    REQUIRE(pipe(over) == 0);
    const pid_t foreign = fork();
    if (foreign == 0) {
        close(over[1]);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        char byte = 1;
        const bool good = setresuid(1234, 1234, 1234) == 0 &&
                          bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 && listen(fd, 1) == 0 &&
                          write(listening[1], &byte, 1) == 1;
        [[maybe_unused]] const auto n = read(over[0], &byte, 1);
        _exit(good ? 0 : 1);
    }
    char byte = 0;
    REQUIRE(read(listening[0], &byte, 1) == 1);
    const auto answer = blocking_client(path).get("/health");
    for (const int fd : {listening[0], listening[1], over[0], over[1]}) close(fd);
    waitpid(foreign, nullptr, 0);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == "foreign_daemon");
    CHECK(answer.error().exit == exit_code::usage);
    CHECK(answer.error().message.find("runs as uid 1234") != std::string::npos);
}
