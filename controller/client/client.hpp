// The daemon's API (docs/api.md) as seen by a program: HTTP/1.1 and JSON over its Unix socket.
#pragma once

#include "controller/client/failure.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace drainlab::client {

/// How long a call may take unless the caller says otherwise. Calls that wait on purpose (`/wait`) are given their own
/// `timeout_ms` on top of this.
inline constexpr std::chrono::milliseconds default_call_timeout{30'000};

/// The API for coroutines. Any number of calls may be under way at once: each takes an idle kept-alive connection or
/// makes a new one. An answer of 400 and above is a `failure` with the daemon's own code, message and hint.
///
/// Failures of the connection: `no_daemon` (nobody listens), `connection_lost` (it ended in the middle),
/// `timed_out` (no answer in time; exit 124), `foreign_daemon` (the socket's peer is another user; exit 2).
/// A call interrupted by Asio cancellation fails with `cancelled`.
///
/// Thread: all calls from the executor given, which runs on one thread. The object must outlive its calls.
/// g++ 12: make a named `json` before the co_await expression, never a braced temporary inside it.
class async_client {
  public:
    using timeout = std::chrono::milliseconds;

    async_client(boost::asio::any_io_executor executor, std::string socket);
    ~async_client();
    async_client(async_client&&) noexcept;
    async_client& operator=(async_client&&) noexcept;

    const std::string& socket() const noexcept;

    boost::asio::awaitable<result<nlohmann::json>> get(std::string target, timeout limit = default_call_timeout);
    boost::asio::awaitable<result<nlohmann::json>> post(std::string target, nlohmann::json body,
                                                        timeout limit = default_call_timeout);
    boost::asio::awaitable<result<nlohmann::json>> put(std::string target, nlohmann::json body,
                                                       timeout limit = default_call_timeout);
    boost::asio::awaitable<result<nlohmann::json>> patch(std::string target, nlohmann::json body,
                                                         timeout limit = default_call_timeout);
    boost::asio::awaitable<result<nlohmann::json>> del(std::string target, timeout limit = default_call_timeout);

    /// GET /mounts/ID/wait: MOUNT once `state` (detached, drain_begins, drained, dead) is reached; `timed_out` after
    /// `limit`.
    boost::asio::awaitable<result<nlohmann::json>> wait_state(std::string mount, std::string state, timeout limit);
    /// GET /mounts/ID/wait_switch: MOUNT once a switch of one of its inodes is in flight.
    boost::asio::awaitable<result<nlohmann::json>> wait_switch(std::string mount, timeout limit);

  private:
    class impl;
    std::unique_ptr<impl> impl_;
};

/// What a blocking client keeps between its calls.
enum class connections { one_a_call, kept };

/// The same for straight-line code: every call blocks the calling thread. Same failures. Cheap to make: connects per
/// call, unless connections are to be kept, for who calls often. Thread: any.
class blocking_client {
  public:
    using timeout = std::chrono::milliseconds;

    explicit blocking_client(std::string socket, connections c = connections::one_a_call);

    const std::string& socket() const noexcept { return socket_; }

    result<nlohmann::json> get(const std::string& target, timeout limit = default_call_timeout) const;
    result<nlohmann::json> post(const std::string& target, const nlohmann::json& body,
                                timeout limit = default_call_timeout) const;
    result<nlohmann::json> put(const std::string& target, const nlohmann::json& body,
                               timeout limit = default_call_timeout) const;
    result<nlohmann::json> patch(const std::string& target, const nlohmann::json& body,
                                 timeout limit = default_call_timeout) const;
    result<nlohmann::json> del(const std::string& target, timeout limit = default_call_timeout) const;
    result<nlohmann::json> wait_state(const std::string& mount, const std::string& state, timeout limit) const;

    /// `umount_wait` for a POST /mounts that asks for a delay and can do without unmounts that wait for it: "auto", or
    /// "api" where there is no gate, so that nothing else is possible.
    std::string any_umount_wait() const;
    /// Whether a daemon answers on the socket now.
    bool answers() const;

  private:
    struct pool;
    template <class Call>
    result<nlohmann::json> block_on(Call make) const;

    std::string socket_;
    std::shared_ptr<pool> pool_;  // null: nothing is kept
};

}  // namespace drainlab::client
