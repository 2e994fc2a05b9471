// The parts of http.hpp that need no network.
#include "fusefs/control/http.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

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

namespace {

/// Whether `text` is well-formed UTF-8 (RFC 3629): no stray or missing byte, nothing overlong, no surrogate, at most
/// U+10FFFF.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(at < text.size() ? text[at] : 0); };
        const unsigned first = byte(i);
        const std::size_t length = first < 0x80   ? 1
                                   : first < 0xc2 ? 0
                                   : first < 0xe0 ? 2
                                   : first < 0xf0 ? 3
                                   : first < 0xf5 ? 4
                                                  : 0;
        if (length == 0) return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((byte(i + k) & 0xc0) != 0x80) return false;
        const unsigned second = byte(i + 1);
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
            (first == 0xf4 && second > 0x8f))
            return false;
        i += length;
    }
    return true;
}

/// Between the slashes, before they are decoded: a name may have one in it.
bool split_path(std::string_view path, std::vector<std::string>& parts) {
    parts.clear();
    for (std::size_t at = 1; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        if (end > at && !percent_decode(path.substr(at, end - at), parts.emplace_back())) return false;
        at = end + 1;
    }
    return true;
}

bool split_target(const std::string& target, http_request& out) {
    const auto question = target.find('?');
    const auto path = std::string_view{target}.substr(0, question);
    if (target.empty() || target[0] != '/' || !percent_decode(path, out.path) || !split_path(path, out.parts))
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

}  // namespace

bool parse_target(const std::string& target, http_request& out) {
    if (!split_target(target, out) || !is_utf8(out.path)) return false;
    return std::all_of(out.query.begin(), out.query.end(),
                       [](const auto& pair) { return is_utf8(pair.first) && is_utf8(pair.second); });
}

http_response error_response(const api_error& e) {
    const nlohmann::json body{{"error", {{"code", e.code}, {"message", e.message}, {"hint", e.hint}}}};
    return {e.status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "application/json"};
}

}  // namespace drainlab::control
