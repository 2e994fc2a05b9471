#include "fusefs/control/http.hpp"

#include "fusefs/trace/hub.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <sys/socket.h>

#include <deque>
#include <optional>
#include <unistd.h>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using socket_type = asio::local::stream_protocol::socket;
using boost::system::error_code;

constexpr std::size_t body_limit = 1 << 20;
constexpr std::size_t event_queue_limit =
    20'000;  // a reader further behind loses events, and sees a gap in their numbers

bool peer_is_allowed(int fd) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

/// One reader of /events.
class event_stream : public std::enable_shared_from_this<event_stream> {
  public:
    event_stream(socket_type socket, trace::hub& events) : socket_{std::move(socket)} {
        queue_.push_back(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: "
            "close\r\n\r\n");
        hub_ = &events;
    }
    void start() {
        listening_ = hub_->subscribe([this](const trace::event& e) { push(e); });
        write();
        watch_for_end();
    }

  private:
    void push(const trace::event& e) {
        if (queue_.size() >= event_queue_limit) return;
        queue_.push_back("data: " + trace::to_json(e) + "\n\n");
        if (!writing_) write();
    }
    void write() {
        if (queue_.empty()) return;
        writing_ = true;
        sending_.clear();
        for (; !queue_.empty() && sending_.size() < 64 * 1024; queue_.pop_front()) sending_ += queue_.front();
        asio::async_write(socket_, asio::buffer(sending_), [self = shared_from_this()](error_code error, std::size_t) {
            self->writing_ = false;
            if (error) return self->end();
            self->write();
        });
    }
    /// The client says nothing more; the end of what it sends is the end of it. Keeps the object alive meanwhile.
    void watch_for_end() {
        socket_.async_read_some(asio::buffer(ignored_), [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->end();
            self->watch_for_end();
        });
    }
    void end() {
        listening_.cancel();
        error_code ignored;
        socket_.close(ignored);
    }

    socket_type socket_;
    trace::hub* hub_{};
    trace::hub::subscription listening_;
    std::deque<std::string> queue_;
    std::string sending_;
    bool writing_{false};
    char ignored_[256]{};
};

/// What all connections share with the server. `open` is false once the server has gone.
struct shared_state {
    trace::hub& events;
    http_handler handler;
    bool open{true};
};

class connection : public std::enable_shared_from_this<connection> {
  public:
    connection(socket_type socket, std::shared_ptr<shared_state> state)
        : socket_{std::move(socket)}, state_{std::move(state)} {}

    void read() {
        parser_.emplace();
        parser_->body_limit(body_limit);
        http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error == http::error::body_limit)
                return self->answer(
                    {413, R"({"error":{"code":"bad_request","message":"the body is larger than 1 MiB","hint":""}})"},
                    false);
            if (error || !self->state_->open) return;
            self->take(self->parser_->release());
        });
    }

  private:
    void take(http::request<http::string_body> message) {
        http_request r;
        r.method = std::string{message.method_string()};
        r.body = std::move(message.body());
        const bool keep = message.keep_alive();
        if (!peer_is_allowed(socket_.native_handle()))
            return answer(error_response({403, "denied", "this daemon belongs to another user", ""}), false);
        if (!parse_target(std::string{message.target()}, r))
            return answer(error_response(bad_request("the request target is not a path")), keep);
        if (r.method == "GET" && r.path == "/events")
            return std::make_shared<event_stream>(std::move(socket_), state_->events)->start();
        state_->handler(std::move(r),
                        [self = shared_from_this(), keep](http_response response) { self->answer(response, keep); });
    }

    void answer(const http_response& response, bool keep_alive) {
        auto message =
            std::make_shared<http::response<http::string_body>>(static_cast<http::status>(response.status), 11);
        message->set(http::field::content_type, response.content_type);
        message->set(http::field::cache_control, "no-store");
        message->keep_alive(keep_alive && state_->open);
        message->body() = response.body;
        message->prepare_payload();
        http::async_write(socket_, *message, [self = shared_from_this(), message](error_code error, std::size_t) {
            if (error || !message->keep_alive()) return self->end();
            self->read();
        });
    }

    void end() {
        error_code ignored;
        socket_.shutdown(socket_type::shutdown_both, ignored);
        socket_.close(ignored);
    }

    socket_type socket_;
    std::shared_ptr<shared_state> state_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
};

class server final : public http_server {
  public:
    server(asio::io_context& io, int fd, trace::hub& events, http_handler handler)
        : acceptor_{std::make_shared<asio::local::stream_protocol::acceptor>(io, asio::local::stream_protocol{}, fd)},
          retry_{std::make_shared<asio::steady_timer>(io)},
          state_{std::make_shared<shared_state>(shared_state{events, std::move(handler)})} {
        accept(acceptor_, retry_, state_);
    }
    ~server() override { close(); }
    void close() override {
        state_->open = false;
        error_code ignored;
        acceptor_->close(ignored);
        retry_->cancel();
    }

  private:
    using acceptor_ptr = std::shared_ptr<asio::local::stream_protocol::acceptor>;
    using timer_ptr = std::shared_ptr<asio::steady_timer>;
    static void accept(acceptor_ptr acceptor, timer_ptr retry, std::shared_ptr<shared_state> state) {
        acceptor->async_accept([acceptor, retry, state](error_code error, socket_type socket) {
            if (!state->open) return;
            if (!error) {
                std::make_shared<connection>(std::move(socket), state)->read();
                return accept(acceptor, retry, state);
            }
            // Out of descriptors, most likely: try again soon, without spinning.
            retry->expires_after(std::chrono::milliseconds{50});
            retry->async_wait([acceptor, retry, state](error_code) {
                if (state->open) accept(acceptor, retry, state);
            });
        });
    }

    acceptor_ptr acceptor_;
    timer_ptr retry_;
    std::shared_ptr<shared_state> state_;
};

}  // namespace

std::unique_ptr<http_server> http_server::start(asio::io_context& io, int listening_fd, trace::hub& events,
                                                http_handler handler) {
    return std::make_unique<server>(io, listening_fd, events, std::move(handler));
}

}  // namespace drainlab::control
