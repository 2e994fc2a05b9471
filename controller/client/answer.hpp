// What came of a call: the daemon's answer read, and what went wrong put in our words. Private to controller/client.
#pragma once
#include "controller/client/failure.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <nlohmann/json.hpp>

#include <string>

namespace drainlab::client {

/// An answer of the daemon on `socket`, whole.
using response = boost::beast::http::response<boost::beast::http::string_body>;

/// Its JSON, `{}` where it is empty; from 400 on the failure that it tells.
result<nlohmann::json> decode(const response& answer, const std::string& target, const std::string& socket);

/// The connection ended before the answer to `target`.
failure broken(const boost::system::error_code& ec, const std::string& socket, const std::string& target);

/// There was no connection to be had.
failure unreachable(const boost::system::error_code& ec, const std::string& socket);

/// The daemon went away, or closed an idle connection, before it read our request.
bool stale(const boost::system::error_code& ec);

}  // namespace drainlab::client
