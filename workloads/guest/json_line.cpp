#include "workloads/guest/json_line.hpp"

namespace drainlab::guest {
namespace {

std::string quoted(std::string_view text) {
    constexpr char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const unsigned char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c < 0x20) {
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
        } else {
            out += c < 0x7f ? static_cast<char>(c) : '?';
        }
    }
    return out + '"';
}

}  // namespace

void json_line::key(std::string_view name) {
    if (!body_.empty()) body_ += ',';
    body_ += quoted(name);
    body_ += ':';
}

json_line& json_line::number(std::string_view name, std::int64_t value) {
    key(name);
    body_ += std::to_string(value);
    return *this;
}

json_line& json_line::boolean(std::string_view name, bool value) {
    key(name);
    body_ += value ? "true" : "false";
    return *this;
}

json_line& json_line::text(std::string_view name, std::string_view value) {
    key(name);
    body_ += quoted(value);
    return *this;
}

json_line& json_line::texts(std::string_view name, const std::vector<std::string>& values) {
    key(name);
    body_ += '[';
    for (const auto& v : values) {
        if (body_.back() != '[') body_ += ',';
        body_ += quoted(v);
    }
    body_ += ']';
    return *this;
}

}  // namespace drainlab::guest
