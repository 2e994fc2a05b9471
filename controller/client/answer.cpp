#include "controller/client/answer.hpp"

#include "fusefs/version.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <charconv>

namespace drainlab::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using nlohmann::json;

namespace {

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

}  // namespace

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

bool stale(const error_code& ec) {
    return ec == http::error::end_of_stream || ec == asio::error::broken_pipe || ec == asio::error::connection_reset ||
           ec == asio::error::eof;
}

}  // namespace drainlab::client
