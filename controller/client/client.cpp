// Asio, Beast and JSON stay in this file.
#include "controller/client/client.hpp"

#include "fusefs/version.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
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

#include <charconv>
#include <exception>
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
using response = http::response<http::string_body>;
constexpr std::uint64_t largest_answer = 256u << 20;  // counters carry up to 400,000 samples

/// What is no UTF-8 in it does not stand for anything we know: the daemon says so.
std::string text_of(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

exit_code exit_of(const std::string& code, int status) {
    if (code == "busy") return exit_code::busy;
    if (code == "timed_out" || status == 408) return exit_code::timed_out;
    if (code == "denied" || status == 501) return exit_code::cannot_run;
    return status < 500 ? exit_code::usage : exit_code::broken;
}

int protocol_of(const response& answer) {
    const auto text = answer[protocol_header];
    int number = 1;  // of daemons that do not say it
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "no GET /mounts/1/why here"
bool is_no_such_path(const failure& why) {
    return why.code == "not_found" && why.message.starts_with("no ") && why.message.find(" /") != std::string::npos;
}

/// What one does not know of the other is, between versions, a matter of age.
failure by_age(failure why, int theirs, const std::string& socket) {
    if (theirs == protocol_version || (why.code != "bad_request" && !is_no_such_path(why))) return why;
    const bool old = theirs < protocol_version;
    why.message = fmt::format("{} (protocol {}, {} speaks {}): {}",
                              old ? "the daemon on " + socket + " is too old for this drainctl"
                                  : "this drainctl is too old for the daemon on " + socket,
                              old ? theirs : protocol_version, old ? "drainctl" : "it", old ? protocol_version : theirs,
                              why.message);
    why.hint = old ? "umount(8) works on its mounts, and `drainctl stop` ends it; what is mounted then has a new one"
                   : "use the drainctl that was installed with it";
    why.exit = exit_code::cannot_run;
    return why;
}

failure refused(const response& answer, const std::string& target, const std::string& socket) {
    const int status = answer.result_int();
    const json body = json::parse(answer.body(), nullptr, false);
    const json error = body.is_object() ? body.value("error", json::object()) : json::object();
    const auto word = [&](const char* key, std::string otherwise) {
        return error.is_object() && error.contains(key) && error[key].is_string() ? error[key].get<std::string>()
                                                                                  : otherwise;
    };
    const std::string code = word("code", status == 408 ? "timed_out" : "failed");
    const std::string message =
        word("message", status == 408 ? "not reached in time: " + target
                                      : fmt::format("the daemon answered {} to {}", status, target));
    return by_age({code, message, word("hint", ""), exit_of(code, status), status}, protocol_of(answer), socket);
}

result<json> decode(const response& answer, const std::string& target, const std::string& socket) {
    if (answer.result_int() >= 400) return refused(answer, target, socket);
    if (answer.body().empty()) return json::object();
    json body = json::parse(answer.body(), nullptr, false);
    if (body.is_discarded())
        return failure{"failed", "the daemon's answer to " + target + " is not JSON", {}, exit_code::broken, 0};
    return body;
}

failure broken(const error_code& ec, const std::string& socket, const std::string& target) {
    if (ec == beast::error::timeout)
        return {"timed_out", "no answer in time to " + target, {}, exit_code::timed_out, 0};
    if (ec == asio::error::operation_aborted)
        return {"cancelled", "cancelled: " + target, {}, exit_code::interrupted, 0};
    return {"connection_lost", fmt::format("the connection to the daemon at {} was lost: {}", socket, ec.message()),
            "its log (beside the socket) may say why", exit_code::broken, 0};
}

failure unreachable(const error_code& ec, const std::string& socket) {
    if (ec == beast::error::timeout)
        return {"timed_out", "no connection in time to the daemon on " + socket, {}, exit_code::timed_out, 0};
    if (ec == asio::error::operation_aborted) return {"cancelled", "cancelled", {}, exit_code::interrupted, 0};
    if (ec == asio::error::access_denied)
        return {"foreign_daemon", "not allowed to use the socket " + socket, "it belongs to another user; use --socket",
                exit_code::usage, 0};
    return {"no_daemon", fmt::format("no daemon answers on {} ({})", socket, ec.message()),
            "`drainctl mount DIR` starts one", exit_code::broken, 0};
}

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

/// The daemon went away, or closed an idle connection, before it read our request.
bool stale(const error_code& ec) {
    return ec == http::error::end_of_stream || ec == asio::error::broken_pipe || ec == asio::error::connection_reset ||
           ec == asio::error::eof;
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
