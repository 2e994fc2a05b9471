#include "controller/client/client.hpp"

#include "controller/client/answer.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <optional>
#include <unistd.h>
#include <vector>

namespace drainlab::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using boost::system::error_code;
using nlohmann::json;

namespace {

using stream = beast::basic_stream<stream_protocol>;
using request = http::request<http::string_body>;
constexpr std::uint64_t largest_answer = 256u << 20;  // counters carry up to 400,000 samples

/// What is no UTF-8 in it does not stand for anything we know: the daemon says so.
std::string text_of(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

/// The daemon at the other end must run as we do: our requests name paths it opens.
std::optional<failure> foreign_peer(stream_protocol::socket& s, const std::string& socket) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(s.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
    if (peer.uid == geteuid()) return std::nullopt;
    return failure{"foreign_daemon",
                   fmt::format("the daemon on {} runs as uid {}, we are uid {}", socket, peer.uid, geteuid()),
                   "use --socket to name one of your own", exit_code::usage, 0};
}

}  // namespace

class async_client::impl {
  public:
    impl(asio::any_io_executor executor, std::string socket)
        : executor_(std::move(executor)), socket_(std::move(socket)) {}

    asio::awaitable<result<json>> call(http::verb verb, std::string target, std::optional<std::string> body,
                                       timeout limit) {
        request ask{verb, target, 11};
        ask.set(http::field::host, "drainfs");
        if (body) {
            ask.set(http::field::content_type, "application/json");
            ask.body() = std::move(*body);
        }
        ask.prepare_payload();
        // An idle connection may have been closed meanwhile: then once more on the next, at last on a new one.
        while (!idle_.empty()) {
            stream used = std::move(idle_.back());
            idle_.pop_back();
            error_code ec;
            const response answer = co_await exchange(used, ask, limit, ec);
            if (!ec) co_return finish(std::move(used), answer, target);
            if (!stale(ec)) co_return broken(ec, socket_, target);
        }
        stream fresh(executor_);
        error_code ec;
        co_await connect(fresh, limit, ec);
        if (ec) co_return unreachable(ec, socket_);
        if (auto foreign = foreign_peer(fresh.socket(), socket_)) co_return std::move(*foreign);
        const response answer = co_await exchange(fresh, ask, limit, ec);
        if (ec) co_return broken(ec, socket_, target);
        co_return finish(std::move(fresh), answer, target);
    }

    const std::string& socket() const noexcept { return socket_; }

  private:
    asio::awaitable<void> connect(stream& s, timeout limit, error_code& ec) {
        if (socket_.size() >= sizeof(sockaddr_un::sun_path)) {
            ec = asio::error::name_too_long;
            co_return;
        }
        // Ours alone: it may be kept while others start programs.
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            ec.assign(errno, boost::system::system_category());
            co_return;
        }
        s.socket().assign(stream_protocol{}, fd, ec);
        if (ec) co_return;
        const stream_protocol::endpoint where(socket_);
        s.expires_after(std::min<timeout>(limit, std::chrono::seconds(5)));
        co_await s.async_connect(where, asio::redirect_error(asio::use_awaitable, ec));
    }

    static asio::awaitable<response> exchange(stream& s, request& ask, timeout limit, error_code& ec) {
        s.expires_after(limit);
        co_await http::async_write(s, ask, asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return response{};
        beast::flat_buffer buffer;
        http::response_parser<http::string_body> parser;
        parser.body_limit(largest_answer);
        co_await http::async_read(s, buffer, parser, asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return response{};
        co_return parser.release();
    }

    result<json> finish(stream s, const response& answer, const std::string& target) {
        s.expires_never();
        if (answer.keep_alive()) idle_.push_back(std::move(s));
        return decode(answer, target, socket_);
    }

    asio::any_io_executor executor_;
    std::string socket_;
    std::vector<stream> idle_;
};

async_client::async_client(asio::any_io_executor executor, std::string socket)
    : impl_(std::make_unique<impl>(std::move(executor), std::move(socket))) {}
async_client::~async_client() = default;
async_client::async_client(async_client&&) noexcept = default;
async_client& async_client::operator=(async_client&&) noexcept = default;

const std::string& async_client::socket() const noexcept { return impl_->socket(); }

using answer = asio::awaitable<result<json>>;

answer async_client::get(std::string target, timeout limit) {
    return impl_->call(http::verb::get, std::move(target), std::nullopt, limit);
}
answer async_client::post(std::string target, json body, timeout limit) {
    return impl_->call(http::verb::post, std::move(target), text_of(body), limit);
}
answer async_client::put(std::string target, json body, timeout limit) {
    return impl_->call(http::verb::put, std::move(target), text_of(body), limit);
}
answer async_client::patch(std::string target, json body, timeout limit) {
    return impl_->call(http::verb::patch, std::move(target), text_of(body), limit);
}
answer async_client::del(std::string target, timeout limit) {
    return impl_->call(http::verb::delete_, std::move(target), std::nullopt, limit);
}

answer async_client::wait_state(std::string mount, std::string state, timeout limit) {
    // Who holds it, our callers find out themselves, when they want to know.
    auto target = fmt::format("/mounts/{}/wait?state={}&timeout_ms={}&holders=false", mount, state, limit.count());
    return get(std::move(target), limit + default_call_timeout);
}
answer async_client::wait_switch(std::string mount, timeout limit) {
    auto target = fmt::format("/mounts/{}/wait_switch?timeout_ms={}", mount, limit.count());
    return get(std::move(target), limit + default_call_timeout);
}

}  // namespace drainlab::client
