// Numbers in words of the command line. Internal to this folder.
#pragma once
#include <charconv>
#include <string>

namespace drainlab::sim {

/// False where `text` is not a number from its first letter to its last.
template <class Number>
bool parse_number(const std::string& text, Number& out) {
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, out);
    return error == std::errc{} && rest == end;
}

}  // namespace drainlab::sim
