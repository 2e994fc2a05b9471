#include "fusefs/gate/client.hpp"

#include "fusefs/gate/calls.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace drainlab::gate {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto hello_within = 5s;

class client final : public gate_client, public std::enable_shared_from_this<client> {
  public:
    client(asio::io_context& io, spawned child, callbacks on)
        : io_{io}, socket_{io, child.socket}, greeting_{io}, pid_{child.pid}, on_{std::move(on)} {}

    ~client() override {
        ::kill(pid_, SIGKILL);  // its threads in ustat() go with their superblocks, or when the daemon answers
        waitpid(pid_, nullptr, WNOHANG);
    }

    pid_t pid() const override { return pid_; }
    bool wait_for_hello() override;
    bool send(const request& r) override;
    std::optional<thread_role> take_role(pid_t tid) override;
    pid_t thread_of(std::uint64_t tag) override;
    thread_state state_of(pid_t tid) override { return states_.of(tid); }
    void kill() override { ::kill(pid_, SIGKILL); }

    void expect_hello();
    void listen();
    void forget_callbacks() {
        on_ = {};
        greeting_.cancel();
    }

  private:
    void read_all();
    void take(const report& r);
    void entering(const report& r);
    void tell();
    void hello(const report& r);
    void lost();

    asio::io_context& io_;
    asio::posix::stream_descriptor socket_;
    asio::steady_timer greeting_;
    pid_t pid_;
    callbacks on_;
    std::string why_killed_;
    bool lost_{false}, greeted_{false};
    std::unordered_map<pid_t, thread_role> roles_;
    std::unordered_map<std::uint64_t, pid_t> threads_;
    thread_states states_;
    std::vector<report> untold_;
    bool telling_{false};
};

bool client::send(const request& r) {
    if (lost_) return false;
    const std::string bytes = encode(r);
    return ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(bytes.size());
}

std::optional<thread_role> client::take_role(pid_t tid) {
    auto found = roles_.find(tid);
    if (found != roles_.end() && found->second.op == command::sweep) return found->second;
    read_all();
    found = roles_.find(tid);
    if (found == roles_.end()) return std::nullopt;
    const thread_role role = found->second;
    if (role.op != command::sweep) {
        roles_.erase(found);
        threads_.erase(role.tag);
    }
    return role;
}

pid_t client::thread_of(std::uint64_t tag) {
    read_all();
    const auto found = threads_.find(tag);
    return found == threads_.end() ? 0 : found->second;
}

bool client::wait_for_hello() {
    pollfd ready{socket_.native_handle(), POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(hello_within / 1ms)) <= 0) return false;
    read_all();
    tell();
    return greeted_;
}

/// A gate that says nothing from the start is of no use.
void client::expect_hello() {
    greeting_.expires_after(hello_within);
    greeting_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->greeted_) return;
        self->why_killed_ = "it did not say hello";
        self->kill();
        self->lost();
    });
}

void client::hello(const report& r) {
    if (std::exchange(greeted_, true)) return;
    greeting_.cancel();
    std::string why_not;
    if (!have_ustat())
        why_not = "this machine has no ustat(2): only x86-64 has";
    else if (r.error != 0)
        why_not = fmt::format("ustat(2) is denied here ({})", std::strerror(r.error));
    if (on_.on_hello) on_.on_hello(why_not);
}

void client::listen() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                           if (error) return;
                           self->read_all();
                           self->tell();
                           if (!self->lost_) self->listen();
                       });
}

void client::read_all() {
    char bytes[sizeof(report) + 1];
    while (!lost_) {
        const ssize_t got = recv(socket_.native_handle(), bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return lost();
        if (const auto r = decode_report({bytes, static_cast<std::size_t>(got)})) take(*r);
    }
}

void client::take(const report& r) {
    switch (r.kind) {
        case report_kind::hello: break;
        case report_kind::entering: entering(r); break;
        case report_kind::stuck: threads_[r.tag] = r.tid; break;
        case report_kind::returned:
            if (const auto role = roles_.find(r.tid); role != roles_.end() && role->second.tag == r.tag)
                roles_.erase(role);
            threads_.erase(r.tag);
    }
    if (r.kind == report_kind::entering && r.op != command::probe) return;
    untold_.push_back(r);
    if (std::exchange(telling_, true)) return;
    asio::post(io_, [self = shared_from_this()] { self->tell(); });
}

void client::entering(const report& r) {
    auto& role = roles_[r.tid];
    if (role.tag != r.tag) threads_.erase(role.tag);
    role = {r.op, r.mount, r.tag};
    threads_[r.tag] = r.tid;
}

void client::tell() {
    telling_ = false;
    for (const report& r : std::exchange(untold_, {})) {
        if (r.kind == report_kind::hello) {
            hello(r);
            continue;
        }
        const auto& on = r.kind == report_kind::returned   ? on_.on_returned
                         : r.kind == report_kind::entering ? on_.on_probing
                                                           : on_.on_stuck;
        if (on) on(r);
    }
}

void client::lost() {
    if (std::exchange(lost_, true)) return;
    greeting_.cancel();
    roles_.clear();
    asio::post(io_, [self = shared_from_this()] {
        int status = 0;
        const bool reaped = waitpid(self->pid_, &status, WNOHANG) == self->pid_;
        std::string why = "it closed its socket";
        if (reaped && WIFSIGNALED(status)) why = fmt::format("killed by signal {}", WTERMSIG(status));
        if (reaped && WIFEXITED(status)) why = fmt::format("exit code {}", WEXITSTATUS(status));
        if (!self->why_killed_.empty()) why = self->why_killed_;
        self->socket_.close();
        if (self->on_.on_lost) std::exchange(self->on_, {}).on_lost(why);
    });
}

/// Owned by the table while the loop's handlers keep the client itself; cuts the callbacks when the owner lets go.
class owner final : public gate_client {
  public:
    explicit owner(std::shared_ptr<client> c) : client_{std::move(c)} {}
    ~owner() override {
        client_->forget_callbacks();
        client_->kill();
    }
    pid_t pid() const override { return client_->pid(); }
    bool wait_for_hello() override { return client_->wait_for_hello(); }
    bool send(const request& r) override { return client_->send(r); }
    std::optional<thread_role> take_role(pid_t tid) override { return client_->take_role(tid); }
    pid_t thread_of(std::uint64_t tag) override { return client_->thread_of(tag); }
    thread_state state_of(pid_t tid) override { return client_->state_of(tid); }
    void kill() override { client_->kill(); }

  private:
    std::shared_ptr<client> client_;
};

}  // namespace

std::unique_ptr<gate_client> gate_client::adopt(asio::io_context& io, const spawned& child, callbacks on) {
    auto started = std::make_shared<client>(io, child, std::move(on));
    started->expect_hello();
    started->listen();
    return std::make_unique<owner>(std::move(started));
}

}  // namespace drainlab::gate
