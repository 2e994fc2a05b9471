#include "fusefs/control/http_connection.hpp"

#include "fusefs/control/event_stream.hpp"
#include "fusefs/version.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <spdlog/spdlog.h>

#include <sys/socket.h>

#include <optional>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using socket_type = asio::local::stream_protocol::socket;
using boost::system::error_code;

constexpr std::size_t body_limit = 1 << 20;

bool peer_is_allowed(int fd) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

/// A client that only says nothing more (`nc -N`) has not hung up.
bool hung_up(int fd) {
    pollfd one{fd, 0, 0};
    return poll(&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool waits(const http_request& r) {
    return r.path.ends_with("/wait") || r.path.ends_with("/wait_switch") || r.path.ends_with("/why") ||
           r.path == "/events";
}

const api_error out_of_descriptors{503, "busy", "the daemon has no descriptor left for a client that waits",
                                   "end some of its clients, or start it with a higher `ulimit -n`"};

class connection : public std::enable_shared_from_this<connection> {
  public:
    connection(socket_type socket, std::shared_ptr<http_state> state, bool last_resort)
        : socket_{std::move(socket)},
          state_{std::move(state)},
          last_resort_{last_resort},
          patience_{socket_.get_executor()} {}

    void start() {
        if (last_resort_) {
            patience_.expires_after(std::chrono::seconds{2});
            patience_.async_wait([self = weak_from_this()](error_code error) {
                if (const auto c = self.lock(); c && !error) c->end();
            });
        }
        read();
    }

  private:
    void read() {
        parser_.emplace();
        parser_->body_limit(body_limit);
        http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (!self->state_->open) return;
            if (!error) return self->take(self->parser_->release());
            if (error == http::error::body_limit)
                return self->answer(error_response({413, "bad_request", "the body is larger than 1 MiB", ""}), false);
            const bool gone = error == http::error::end_of_stream || error == http::error::partial_message ||
                              error.category() != make_error_code(http::error::bad_method).category();
            if (!gone) self->answer(error_response(bad_request("this is not HTTP/1.1: " + error.message())), false);
        });
    }

    /// Answers once; also when nobody did.
    struct pending {
        pending(std::shared_ptr<connection> c, bool k) : of{std::move(c)}, keep{k} {}
        ~pending() {
            if (of) tell({500, R"({"error":{"code":"failed","message":"the request was dropped","hint":""}})"});
        }
        void tell(const http_response& response) noexcept {
            if (const auto to = std::exchange(of, nullptr)) to->answer(response, keep);
        }
        std::shared_ptr<connection> of;
        bool keep;
    };

    void take(http::request<http::string_body> message) {
        http_request r;
        r.method = std::string{message.method_string()};
        r.body = std::move(message.body());
        const bool keep = message.keep_alive() && !last_resort_;
        if (!peer_is_allowed(socket_.native_handle()))
            return answer(error_response({403, "denied", "this daemon belongs to another user", ""}), false);
        if (!parse_target(std::string{message.target()}, r))
            return answer(error_response(bad_request("the request target is not a path in UTF-8")), keep);
        if (last_resort_ && waits(r)) return answer(error_response(out_of_descriptors), false);
        if (r.method == "GET" && r.path == "/events") {
            auto filter = parse_event_filter(r);
            if (!filter.has_value()) return answer(error_response(filter.assume_error()), keep);
            auto wanted = std::move(filter).assume_value();
            if (wanted.mount) wanted.mount = state_->name_of(*wanted.mount);
            return stream_events(std::move(socket_), state_->events, std::move(wanted), std::exchange(hold_, nullptr));
        }
        r.hangup = hangup_ = std::make_shared<http_hangup>();
        waiting_ = true;
        watch_for_hangup();
        const auto reply = std::make_shared<pending>(shared_from_this(), keep);
        try {
            state_->handler(std::move(r), [reply](const http_response& response) { reply->tell(response); });
        } catch (const std::exception& e) {
            spdlog::error("a request failed: {}", e.what());
            reply->tell(error_response({500, "failed", e.what(), ""}));
        }
    }

    void watch_for_hangup() {
        socket_.async_wait(socket_type::wait_error, [self = shared_from_this()](error_code error) {
            if (error || !self->waiting_) return;
            if (!hung_up(self->socket_.native_handle())) return self->watch_for_hangup();
            self->waiting_ = false;
            self->end();
            const auto hangup = std::exchange(self->hangup_, nullptr);
            if (hangup && hangup->then) std::exchange(hangup->then, nullptr)();
        });
    }

    /// Whatever goes wrong here is the end of the connection, and of nothing else.
    void answer(const http_response& response, bool keep_alive) noexcept try {
        if (std::exchange(waiting_, false)) socket_.cancel();
        hangup_.reset();
        if (!socket_.is_open()) return;
        auto message =
            std::make_shared<http::response<http::string_body>>(static_cast<http::status>(response.status), 11);
        message->set(http::field::content_type, response.content_type);
        message->set(http::field::cache_control, "no-store");
        message->set(protocol_header, std::to_string(protocol_version));
        message->keep_alive(keep_alive && state_->open);
        message->body() = response.body;
        message->prepare_payload();
        http::async_write(socket_, *message, [self = shared_from_this(), message](error_code error, std::size_t) {
            if (error || !message->keep_alive()) return self->end();
            self->read();
        });
    } catch (...) { end(); }

    void end() noexcept {
        error_code ignored;
        socket_.shutdown(socket_type::shutdown_both, ignored);
        socket_.close(ignored);
    }

    socket_type socket_;
    std::shared_ptr<http_state> state_;
    bool last_resort_, waiting_{false};
    asio::steady_timer patience_;  // with a last resort that says nothing
    std::shared_ptr<http_hangup> hangup_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;

  public:
    std::shared_ptr<void> hold_;  ///< counts this client, or what became of it
};

}  // namespace

void serve_connection(socket_type socket, std::shared_ptr<http_state> state, bool last_resort) {
    auto client = std::make_shared<connection>(std::move(socket), state, last_resort);
    ++state->connections;
    client->hold_ = std::shared_ptr<void>{nullptr, [state](void*) { --state->connections; }};
    client->start();
}

}  // namespace drainlab::control
