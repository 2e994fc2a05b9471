// HTTP/1.1 on a Unix socket: what a request and an answer are, and the server that carries them.
#pragma once
#include "fusefs/control/api_error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}
namespace drainlab::trace {
class hub;
}

namespace drainlab::control {

/// The end of a client that has not waited for its answer: whatever only waits on its behalf ends with it.
struct http_hangup {
    std::function<void()> then;  ///< called once, on the loop thread; may be set while the request is worked on
};

/// A request as handlers get it: read in full, and decoded.
struct http_request {
    std::string method, path;                  ///< path without the query, percent-decoded, UTF-8
    std::vector<std::string> parts;            ///< of the path, between its slashes; one may be written %2F
    std::map<std::string, std::string> query;  ///< percent-decoded, UTF-8
    std::string body;
    std::shared_ptr<http_hangup> hangup{};
};

/// What a handler answers. `status` is HTTP's.
struct http_response {
    int status{200};
    std::string body;
    std::string content_type{"application/json"};
};

/// Called once per request, at once or later; a client that has gone by then is no error. If
/// all copies go uncalled, or the handler throws, the client is told that its request failed.
using http_reply = std::function<void(http_response)>;
/// Answers requests. Called on the loop thread.
using http_handler = std::function<void(http_request, http_reply)>;
/// The name, as events have it, of the mount that a client calls by this word; the word itself if there is none yet.
using mount_naming = std::function<std::string(const std::string& word)>;

/// Splits a request target ("/a%20b?x=1&y=2"); false if it is not one, or not UTF-8 once it is decoded.
bool parse_target(const std::string& target, http_request& out);

/// {"error":{"code","message","hint"}} with its status.
http_response error_response(const api_error& e);

/// Accepts on a listening socket until destroyed. A peer whose uid is neither ours nor root's gets 403.
/// `GET /events` is answered here, from the hub, as server-sent events; everything else by the handler.
/// Bodies up to 1 MiB. Half of the descriptors that the process may have is the most that clients get;
/// one is kept back, so that a client is answered also when all others are used up. Thread: the loop's.
class http_server {
  public:
    /// Takes over `listening_fd`.
    static std::unique_ptr<http_server> start(boost::asio::io_context& io, int listening_fd, trace::hub& events,
                                              http_handler handler, mount_naming name_of);
    virtual ~http_server() = default;
    /// Stops to accept; connections end after the answer they wait for.
    virtual void close() = 0;
};

}  // namespace drainlab::control
