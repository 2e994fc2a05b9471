#include "fusefs/input/json.hpp"

namespace drainlab::input {
namespace {

using nlohmann::json;

/// Where in the text `at` is.
std::string place(std::string_view text, std::size_t at) {
    const auto before = text.substr(0, at);
    std::size_t line = 1;
    for (const char c : before) line += c == '\n';
    const auto begin = before.rfind('\n');
    const std::size_t column = begin == std::string_view::npos ? at + 1 : at - begin;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// The first bracket that opens a level too many; nothing if none does. Brackets in strings do not count.
std::optional<std::size_t> too_deep(std::string_view text, std::size_t deepest) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > deepest) return i;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return std::nullopt;
}

/// nlohmann's message from "line" on, if it has such a part; it quotes what it read, however long that is.
std::string plain(const std::string& what) {
    const auto at = what.find(" line ");
    return what.substr(at == std::string::npos ? 0 : at + 1, 160);
}

}  // namespace

json_outcome parse_json(std::string_view text, std::size_t deepest) {
    if (const auto at = too_deep(text, deepest))
        return {std::nullopt, place(text, *at) + ": more than " + std::to_string(deepest) + " levels of nesting"};
    try {
        return {json::parse(text), {}};
    } catch (const json::exception& e) { return {std::nullopt, plain(e.what())}; }
}

}  // namespace drainlab::input
