#include "fusefs/control/http.hpp"

#include "fusefs/control/http_connection.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;
using socket_type = asio::local::stream_protocol::socket;
using boost::system::error_code;

/// Half of what the process may have open, so that its mounts have the other half.
std::size_t most_connections() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
    return std::clamp<std::size_t>(limit.rlim_cur / 2, 4, 16'384);
}

/// Lives as long as the loop has something to do for it.
class acceptor : public std::enable_shared_from_this<acceptor> {
  public:
    acceptor(asio::io_context& io, int fd, std::shared_ptr<http_state> state)
        : io_{io}, socket_{io, asio::local::stream_protocol{}, fd}, retry_{io}, state_{std::move(state)} {}

    void accept() {
        keep_one_back();
        if (state_->connections >= most_connections() + 4)
            return later();  // those beyond the limit get one answer each, soon
        socket_.async_accept([self = shared_from_this()](error_code error, socket_type client) {
            if (!self->state_->open) return;
            if (!error) {
                const bool full = self->state_->connections >= most_connections();
                serve(std::move(client), self->state_, full || !self->kept_back_);
                return self->accept();
            }
            if (error == asio::error::no_descriptors || error.value() == ENFILE) return self->accept_as_last_resort();
            self->later();
        });
    }
    void close() {
        error_code ignored;
        socket_.close(ignored);
        kept_back_.reset();  // it stands for the same socket: else whoever comes now would wait, not be refused
        retry_.cancel();
    }

  private:
    static void serve(socket_type client, const std::shared_ptr<http_state>& state, bool last_resort) {
        try {
            serve_connection(std::move(client), state, last_resort);
        } catch (const std::exception& e) { spdlog::error("a client was turned away: {}", e.what()); }
    }
    /// A descriptor that stands for the one client who must still be answered when all others are used up.
    void keep_one_back() {
        if (!kept_back_) kept_back_.reset(fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0));
    }
    void accept_as_last_resort() {
        if (!kept_back_) return later();
        kept_back_.reset();
        const int client = accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) serve(socket_type{io_, asio::local::stream_protocol{}, client}, state_, true);
        later();
    }
    /// Tries again soon, without spinning.
    void later() {
        retry_.expires_after(std::chrono::milliseconds{20});
        retry_.async_wait([self = shared_from_this()](error_code) {
            if (self->state_->open) self->accept();
        });
    }

    asio::io_context& io_;
    asio::local::stream_protocol::acceptor socket_;
    asio::steady_timer retry_;
    std::shared_ptr<http_state> state_;
    os::unique_fd kept_back_;
};

class server final : public http_server {
  public:
    server(asio::io_context& io, int fd, trace::hub& events, http_handler handler, mount_naming name_of)
        : state_{std::make_shared<http_state>(http_state{events, std::move(handler), std::move(name_of)})},
          acceptor_{std::make_shared<acceptor>(io, fd, state_)} {
        acceptor_->accept();
    }
    ~server() override { close(); }
    void close() override {
        state_->open = false;
        acceptor_->close();
    }

  private:
    std::shared_ptr<http_state> state_;
    std::shared_ptr<acceptor> acceptor_;
};

}  // namespace

std::unique_ptr<http_server> http_server::start(asio::io_context& io, int listening_fd, trace::hub& events,
                                                http_handler handler, mount_naming name_of) {
    return std::make_unique<server>(io, listening_fd, events, std::move(handler), std::move(name_of));
}

}  // namespace drainlab::control
