// The client for straight-line code: each call on a loop of its own.
#include "controller/client/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <exception>
#include <optional>

namespace drainlab::client {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

/// Runs one call to its end on a loop of its own.
template <class Call>
result<json> block_on(const std::string& socket, Call make) {
    asio::io_context loop(1);
    async_client client(loop.get_executor(), socket);
    std::optional<result<json>> outcome;
    std::exception_ptr trouble;
    auto body = [&]() -> asio::awaitable<void> { outcome = co_await make(client); };
    asio::co_spawn(loop, body(), [&](std::exception_ptr e) { trouble = e; });
    loop.run();
    if (trouble) std::rethrow_exception(trouble);
    return std::move(*outcome);
}

}  // namespace

result<json> blocking_client::get(const std::string& target, timeout limit) const {
    return block_on(socket_, [&](async_client& c) { return c.get(target, limit); });
}
result<json> blocking_client::post(const std::string& target, const json& body, timeout limit) const {
    return block_on(socket_, [&](async_client& c) { return c.post(target, body, limit); });
}
result<json> blocking_client::put(const std::string& target, const json& body, timeout limit) const {
    return block_on(socket_, [&](async_client& c) { return c.put(target, body, limit); });
}
result<json> blocking_client::patch(const std::string& target, const json& body, timeout limit) const {
    return block_on(socket_, [&](async_client& c) { return c.patch(target, body, limit); });
}
result<json> blocking_client::del(const std::string& target, timeout limit) const {
    return block_on(socket_, [&](async_client& c) { return c.del(target, limit); });
}
result<json> blocking_client::wait_state(const std::string& mount, const std::string& state, timeout limit) const {
    return block_on(socket_, [&](async_client& c) { return c.wait_state(mount, state, limit); });
}

std::string blocking_client::any_umount_wait() const {
    const auto health = get("/health");
    return health && health.value().value("umount_wait", "") == "api" ? "api" : "auto";
}

bool blocking_client::answers() const {
    const auto health = get("/health", std::chrono::seconds(5));
    return health.has_value();
}

}  // namespace drainlab::client
