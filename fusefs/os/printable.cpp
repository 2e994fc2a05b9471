#include "fusefs/os/printable.hpp"

namespace drainlab::os {

namespace {

unsigned at(std::string_view s, std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; }
bool continues(unsigned byte) { return (byte & 0xc0u) == 0x80u; }

/// The length of the valid UTF-8 sequence at `i`, 0 if there is none (RFC 3629: no surrogates, no overlong forms, up to
/// U+10FFFF).
std::size_t sequence(std::string_view s, std::size_t i) {
    const unsigned a = at(s, i), b = at(s, i + 1);
    if (a < 0x80) return 1;
    if (a < 0xc2 || a > 0xf4 || !continues(b)) return 0;
    if (a < 0xe0) return 2;
    if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) || !continues(at(s, i + 2))) return 0;
    if (a < 0xf0) return 3;
    if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f) || !continues(at(s, i + 3))) return 0;
    return 4;
}

bool is_control(std::string_view s, std::size_t i, std::size_t length) {
    if (length == 1) return at(s, i) < 0x20 || at(s, i) == 0x7f;
    return length == 2 && at(s, i) == 0xc2 && at(s, i + 1) < 0xa0;
}

void add_hex(std::string& out, unsigned byte) {
    constexpr char digits[] = "0123456789abcdef";
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string spelled(std::string_view bytes, bool double_backslash) {
    std::string out;
    out.reserve(bytes.size());
    for (std::size_t i = 0; i < bytes.size();) {
        const std::size_t length = sequence(bytes, i);
        if (length == 0 || is_control(bytes, i, length)) {
            for (std::size_t k = 0; k < (length ? length : 1); ++k) add_hex(out, at(bytes, i + k));
        } else {
            if (double_backslash && bytes[i] == '\\') out += '\\';
            out += bytes.substr(i, length);
        }
        i += length ? length : 1;
    }
    return out;
}

}  // namespace

std::string to_printable(std::string_view bytes) { return spelled(bytes, true); }
std::string to_line(std::string_view text) { return spelled(text, false); }

std::optional<std::string> from_printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == '\\') {
            out += text[++i];
        } else if (i + 3 < text.size() && text[i + 1] == 'x' && digit(text[i + 2]) >= 0 && digit(text[i + 3]) >= 0) {
            out += static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
            i += 3;
        } else {
            return std::nullopt;
        }
    }
    return out;
}

}  // namespace drainlab::os
