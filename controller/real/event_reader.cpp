#include "controller/real/event_reader.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <istream>

namespace drainlab::real {

namespace asio = boost::asio;
using nlohmann::json;

std::optional<report::traced_event> parse_event(const std::string& line) {
    if (!line.starts_with("data:")) return std::nullopt;
    const auto j = json::parse(line.begin() + 5, line.end(), nullptr, false);
    if (!j.is_object() || !j.contains("t_ns") || !j["t_ns"].is_number_integer() || !j.contains("event") ||
        !j["event"].is_string())
        return std::nullopt;
    report::traced_event e;
    e.t_ns = j["t_ns"].get<std::int64_t>();
    e.name = j["event"].get<std::string>();
    if (j.contains("mount") && j["mount"].is_string()) e.mount = j["mount"].get<std::string>();
    for (const auto& [key, v] : j.items())
        if (key != "t_ns" && key != "n" && v.is_number_integer()) e.values.emplace_back(key, v.get<std::int64_t>());
    return e;
}

asio::awaitable<void> read_events(std::string socket, std::function<void(report::traced_event)> take) {
    const auto executor = co_await asio::this_coro::executor;
    asio::local::stream_protocol::socket stream{executor};
    boost::system::error_code error;
    const asio::local::stream_protocol::endpoint there{socket};
    co_await stream.async_connect(there, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    const std::string request = "GET /events HTTP/1.1\r\nHost: drainfs\r\n\r\n";
    co_await asio::async_write(stream, asio::buffer(request), asio::redirect_error(asio::use_awaitable, error));
    asio::streambuf buffer{1 << 20};
    while (!error) {
        co_await asio::async_read_until(stream, buffer, '\n', asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        std::istream in{&buffer};
        std::string line;
        std::getline(in, line);
        if (auto e = parse_event(line)) take(std::move(*e));
    }
}

}  // namespace drainlab::real
