#include "controller/client/client.hpp"
#include "tests/unit/client/canned_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <thread>
#include <unistd.h>

using namespace drainlab::client;
using nlohmann::json;
namespace asio = boost::asio;

namespace {

/// Closes every connection after one answer, without having said so.
struct forgetful_server {
    drainlab::test::listening_socket listener;
    int connections = 0;
    std::thread thread;

    explicit forgetful_server(int expected) {
        thread = std::thread([this, expected] {
            while (connections < expected) answer_one(listener.next());
        });
    }
    ~forgetful_server() { thread.join(); }
    void answer_one(int peer) {
        ++connections;
        char buffer[4096];
        if (read(peer, buffer, sizeof buffer) > 0) {
            const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            [[maybe_unused]] const auto n = write(peer, answer.data(), answer.size());
        }
        close(peer);
    }
    std::string path() const { return listener.path(); }
};

}  // namespace

TEST_CASE("a kept connection that has died is replaced without notice", "[client]") {
    forgetful_server server(3);
    asio::io_context loop(1);
    async_client client(loop.get_executor(), server.path());
    int good = 0;
    auto body = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            const auto answer = co_await client.get("/x");
            if (answer) ++good;
        }
    };
    asio::co_spawn(loop, body(), asio::detached);
    loop.run();
    CHECK(good == 3);
}

TEST_CASE("calls under way at once each have a connection", "[client]") {
    forgetful_server server(4);
    asio::io_context loop(1);
    async_client client(loop.get_executor(), server.path());
    int good = 0;
    auto body = [&]() -> asio::awaitable<void> {
        const auto answer = co_await client.get("/x");
        if (answer) ++good;
    };
    for (int i = 0; i < 4; ++i) asio::co_spawn(loop, body(), asio::detached);
    loop.run();
    CHECK(good == 4);
}
