// The client for straight-line code: each call on a loop of its own.
#include "controller/client/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace drainlab::client {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

/// A loop with its client, for one call at a time.
struct caller {
    explicit caller(const std::string& socket) : client{loop.get_executor(), socket} {}
    asio::io_context loop{1};
    async_client client;
};

}  // namespace

struct blocking_client::pool {
    std::mutex mutex;
    std::vector<std::unique_ptr<caller>> idle;

    std::unique_ptr<caller> take() {
        const std::lock_guard lock{mutex};
        if (idle.empty()) return nullptr;
        auto one = std::move(idle.back());
        idle.pop_back();
        return one;
    }
    void put(std::unique_ptr<caller> one) {
        const std::lock_guard lock{mutex};
        idle.push_back(std::move(one));
    }
};

blocking_client::blocking_client(std::string socket, connections c) : socket_(std::move(socket)) {
    if (c == connections::kept) pool_ = std::make_shared<pool>();
}

/// Runs one call to its end.
template <class Call>
result<json> blocking_client::block_on(Call make) const {
    auto with = pool_ ? pool_->take() : nullptr;
    if (!with) with = std::make_unique<caller>(socket_);
    std::optional<result<json>> outcome;
    std::exception_ptr trouble;
    auto body = [&]() -> asio::awaitable<void> { outcome = co_await make(with->client); };
    asio::co_spawn(with->loop, body(), [&](std::exception_ptr e) { trouble = e; });
    with->loop.restart();
    with->loop.run();
    if (trouble) std::rethrow_exception(trouble);
    if (pool_) pool_->put(std::move(with));
    return std::move(*outcome);
}

result<json> blocking_client::get(const std::string& target, timeout limit) const {
    return block_on([&](async_client& c) { return c.get(target, limit); });
}
result<json> blocking_client::post(const std::string& target, const json& body, timeout limit) const {
    return block_on([&](async_client& c) { return c.post(target, body, limit); });
}
result<json> blocking_client::put(const std::string& target, const json& body, timeout limit) const {
    return block_on([&](async_client& c) { return c.put(target, body, limit); });
}
result<json> blocking_client::patch(const std::string& target, const json& body, timeout limit) const {
    return block_on([&](async_client& c) { return c.patch(target, body, limit); });
}
result<json> blocking_client::del(const std::string& target, timeout limit) const {
    return block_on([&](async_client& c) { return c.del(target, limit); });
}
result<json> blocking_client::wait_state(const std::string& mount, const std::string& state, timeout limit) const {
    return block_on([&](async_client& c) { return c.wait_state(mount, state, limit); });
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
