// The parts of http.hpp that need no network.
#include "fusefs/control/http.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::control {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool percent_decode(std::string_view in, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] != '%') {
            out += in[i];
            continue;
        }
        if (i + 2 >= in.size() || hex_digit(in[i + 1]) < 0 || hex_digit(in[i + 2]) < 0) return false;
        out += static_cast<char>(hex_digit(in[i + 1]) * 16 + hex_digit(in[i + 2]));
        i += 2;
    }
    return true;
}

}  // namespace

bool parse_target(const std::string& target, http_request& out) {
    const auto question = target.find('?');
    if (target.empty() || target[0] != '/' || !percent_decode(std::string_view{target}.substr(0, question), out.path))
        return false;
    if (question == std::string::npos) return true;
    std::string_view rest = std::string_view{target}.substr(question + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        const auto equals = pair.find('=');
        std::string key, value;
        if (!percent_decode(pair.substr(0, equals), key)) return false;
        if (equals != std::string_view::npos && !percent_decode(pair.substr(equals + 1), value)) return false;
        if (!key.empty()) out.query[key] = value;
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return true;
}

http_response error_response(const api_error& e) {
    const nlohmann::json body{{"error", {{"code", e.code}, {"message", e.message}, {"hint", e.hint}}}};
    return {e.status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "application/json"};
}

}  // namespace drainlab::control
