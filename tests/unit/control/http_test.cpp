// HTTP on a Unix socket: what clients of every kind get, and what of them is left behind.
#include "fusefs/control/http.hpp"

#include "fusefs/os/unique_fd.hpp"
#include "fusefs/trace/hub.hpp"
#include "tests/own_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <stdexcept>
#include <string>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::control;

namespace {

/// A server whose handler answers with what it was asked, and clients of it, on one loop.
struct served {
    const tests::own_folder own;
    boost::asio::io_context io{1};
    trace::hub events;
    std::vector<http_request> requests;
    http_reply kept;  ///< of GET /later
    std::unique_ptr<http_server> server;

    served() {
        const auto where = address();
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
        REQUIRE(::listen(fd, 8) == 0);
        const auto handle = [this](http_request r, const http_reply& reply) {
            requests.push_back(r);
            if (r.path == "/throws") throw std::runtime_error{"bug"};
            if (r.path == "/forgets") return;
            if (r.path == "/later")
                kept = reply;
            else
                reply({200, "\"" + r.method + " " + r.path + "\""});
        };
        server = http_server::start(io, fd, events, handle, [](const std::string& w) { return "name of " + w; });
    }
    ~served() {
        server.reset();
        kept = nullptr;
        io.poll();
    }
    sockaddr_un address() const {
        sockaddr_un a{};
        a.sun_family = AF_UNIX;
        (own / "s").copy(a.sun_path, sizeof a.sun_path - 1);
        return a;
    }
    os::unique_fd client(const std::string& says) const {
        os::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const auto where = address();
        REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
        say(fd, says);
        return fd;
    }
    static void say(const os::unique_fd& fd, const std::string& text) {
        REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
    }
    /// Runs the loop until the client has got that, and returns all it has got.
    std::string heard(const os::unique_fd& fd, const std::string& wanted) {
        std::string all;
        while (all.find(wanted) == std::string::npos) {
            char some[4096];
            const ssize_t n = ::recv(fd.get(), some, sizeof some, MSG_DONTWAIT);
            if (n > 0) all.append(some, static_cast<std::size_t>(n));
            if (n == 0) return all + "<end>";
            if (n < 0) io.run_one();
        }
        return all;
    }
    bool at_end(const os::unique_fd& fd) { return heard(fd, "never").ends_with("<end>"); }
};

std::string get(const std::string& target, const std::string& more = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: drainfs\r\n" + more + "\r\n";
}

}  // namespace

TEST_CASE("one connection carries several requests, one after the other", "[http]") {
    served s;
    const auto c = s.client(get("/mounts/a%20b?state=dead&timeout_ms=5"));
    const auto first = s.heard(c, "\"GET /mounts/a b\"");
    CHECK(first.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(first.find("Cache-Control: no-store") != std::string::npos);
    CHECK(s.requests[0].parts == std::vector<std::string>{"mounts", "a b"});
    CHECK(s.requests[0].query.at("timeout_ms") == "5");
    served::say(c, "POST /stop HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    s.heard(c, "\"POST /stop\"");
    CHECK(s.requests[1].body == "{}");
    CHECK(s.at_end(c));
}

TEST_CASE("what is no request is told what is wrong with it", "[http]") {
    served s;
    CHECK(s.heard(s.client("what?\r\n\r\n"), "not HTTP/1.1").starts_with("HTTP/1.1 400"));
    CHECK(s.heard(s.client(get("/%ff")), "not a path in UTF-8").starts_with("HTTP/1.1 400"));
    CHECK(s.heard(s.client("POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), "larger than 1 MiB")
              .starts_with("HTTP/1.1 413"));
    CHECK(s.requests.empty());
}

TEST_CASE("a request that fails in the daemon fails for its client alone", "[http]") {
    served s;
    CHECK(s.heard(s.client(get("/throws")), "\"bug\"").starts_with("HTTP/1.1 500"));
    CHECK(s.heard(s.client(get("/forgets")), "was dropped").starts_with("HTTP/1.1 500"));
    CHECK(s.heard(s.client(get("/health")), "\"GET /health\"").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a client that hangs up is noticed while it is worked for, and a late answer harms nobody", "[http]") {
    served s;
    bool told = false;
    {
        const auto c = s.client(get("/later"));
        while (!s.kept) s.io.run_one();
        REQUIRE(s.requests[0].hangup);
        s.requests[0].hangup->then = [&] { told = true; };
    }
    while (!told) s.io.run_one();
    s.kept({200, "too late"});
    CHECK(s.heard(s.client(get("/health")), "\"GET /health\"").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a client that only says nothing more gets its answer", "[http]") {
    served s;
    const auto c = s.client(get("/later"));
    ::shutdown(c.get(), SHUT_WR);
    while (!s.kept) s.io.run_one();
    s.io.poll();
    s.kept({200, "\"an answer\""});
    CHECK(s.heard(c, "an answer").starts_with("HTTP/1.1 200"));
}

TEST_CASE("events are told as they come, those of one mount and those since a number", "[http]") {
    served s;
    s.events.emit({.name = "old", .mount = "name of a"});
    s.events.emit({.name = "missed", .mount = "name of a"});
    const auto all = s.client(get("/events")), one = s.client(get("/events?mount=a&since=1"));
    CHECK(s.heard(all, "\r\n\r\n").find("text/event-stream") != std::string::npos);
    const auto missed = s.heard(one, "\"missed\"");
    CHECK(missed.find("\"old\"") == std::string::npos);
    s.events.emit({.name = "elsewhere", .mount = "b"});
    s.events.emit({.name = "here", .mount = "name of a"});
    CHECK(s.heard(all, "\"here\"").find("\"elsewhere\"") != std::string::npos);
    CHECK(s.heard(one, "\"here\"").find("\"elsewhere\"") == std::string::npos);
}

TEST_CASE("a listener that goes is not told any more", "[http]") {
    served s;
    {
        const auto c = s.client(get("/events"));
        s.heard(c, "\r\n\r\n");
        CHECK(s.events.listeners() == 1);
    }
    while (s.events.listeners() != 0) s.io.run_one();
}

TEST_CASE("a filter of events that means nothing is refused", "[http]") {
    served s;
    for (const char* query : {"since=x", "since=", "since=-1", "since=99999999999999999999", "colour=red"}) {
        CAPTURE(query);
        CHECK(s.heard(s.client(get(std::string{"/events?"} + query)), "\"bad_request\"").starts_with("HTTP/1.1 400"));
    }
    CHECK(s.events.listeners() == 0);
}

TEST_CASE("a server that closes lets the answer out that it owes, and takes nobody new", "[http]") {
    served s;
    const auto c = s.client(get("/later"));
    while (!s.kept) s.io.run_one();
    s.server->close();
    s.kept({200, "\"the last\""});
    CHECK(s.heard(c, "the last").find("Connection: close") != std::string::npos);
    CHECK(s.at_end(c));
    const os::unique_fd late{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto where = s.address();
    CHECK(::connect(late.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0);
}
