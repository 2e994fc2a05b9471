#define TOML_IMPLEMENTATION
#include "fusefs/input/toml.hpp"

#include <algorithm>

namespace drainlab::input {
namespace {

struct gave_up {};

/// A dotted key of more parts makes tables in tables, which are parsed and destroyed by recursion.
constexpr int most_dots = 16;

std::size_t line_of(std::string_view text, std::size_t at) {
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

struct problem {
    std::size_t at;
    const char* what;
};

/// Where a string that begins at `i` ends: after its closing quotes, or, on one line only, before the line feed.
std::size_t end_of_string(std::string_view text, std::size_t i) {
    const char quote = text[i];
    const std::string three(3, quote);
    const bool many_lines = text.substr(i, 3) == three;
    for (i += many_lines ? 3 : 1; i < text.size(); ++i) {
        if (text[i] == '\\' && quote == '"')
            ++i;
        else if (many_lines && text.substr(i, 3) == three)
            return i + 3;
        else if (!many_lines && (text[i] == quote || text[i] == '\n'))
            return i + (text[i] == quote);
    }
    return text.size();
}

/// Whether a key or a value may begin at `i`: else a quote there begins no string for the parser.
bool may_begin_at(std::string_view text, std::size_t i) {
    const auto before = text.substr(0, i).find_last_not_of(" \t\r");
    return before == std::string_view::npos || std::string_view{"=,[{.\n"}.find(text[before]) != std::string_view::npos;
}

/// What the parser must not see: too many dots in a key, and, outside of strings
/// and comments, what is not ASCII (its tables of other letters have holes).
std::optional<problem> first_problem(std::string_view text) {
    int dots = 0;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == '"' || c == '\'') {
            if (!may_begin_at(text, i)) return problem{i, "a quote in the middle of a word"};
            i = end_of_string(text, i);
            continue;
        }
        if (c == '#') {
            i = std::min(text.find('\n', i), text.size());
            continue;
        }
        if (static_cast<unsigned char>(c) >= 0x80)
            return problem{i, "only strings and comments may have characters beyond ASCII"};
        if (c == '.' && ++dots > most_dots) return problem{i, "a dotted key of more than 16 parts"};
        if (std::string_view{"=\n,[]{}"}.find(c) != std::string_view::npos) dots = 0;
        ++i;
    }
    return std::nullopt;
}

bool gives_up(std::string_view text) {
    try {
        (void)toml::parse(text);
    } catch (const gave_up&) { return true; } catch (const toml::parse_error&) {
    }  // half of something: of no interest
    return false;
}

/// The parser says nothing about the place where it gave up: the first line with which it does, found by halves.
std::size_t line_given_up_at(std::string_view text) {
    std::size_t fine = 0, bad = text.size();
    while (bad - fine > 1) {
        const std::size_t middle = fine + (bad - fine) / 2;
        (gives_up(text.substr(0, middle)) ? bad : fine) = middle;
    }
    return line_of(text, fine);
}

std::string at(const std::string& origin, std::size_t line, std::size_t column) {
    return origin + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
}

}  // namespace

void toml_parser_gave_up() { throw gave_up{}; }

toml_outcome parse_toml(std::string_view text, const std::string& origin) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark is nobody's mistake
    if (const auto p = first_problem(text)) return {std::nullopt, at(origin, line_of(text, p->at), 1) + p->what};
    try {
        return {toml::parse(text, std::string_view{origin}), {}};
    } catch (const toml::parse_error& e) {
        const auto where = e.source().begin;
        return {std::nullopt, at(origin, where.line, where.column) + std::string{e.description()}};
    } catch (const gave_up&) {
        return {std::nullopt, at(origin, line_given_up_at(text), 1) + "this is not TOML (a misplaced bracket or key?)"};
    }
}

}  // namespace drainlab::input
