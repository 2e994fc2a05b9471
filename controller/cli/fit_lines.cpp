#include "controller/cli/fit_lines.hpp"

#include <algorithm>
#include <string_view>

namespace drainlab::cli {
namespace {

/// What of it is seen: neither colours nor the continuation of a UTF-8 sequence take a column.
std::size_t seen(std::string_view text) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\x1b') {
            i = std::min(text.find('m', i), text.size() - 1);
            continue;
        }
        n += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    }
    return n;
}

/// Where the rest of a broken line begins.
std::size_t hanging(std::string_view line, std::size_t columns) {
    const auto begin = std::min(line.find_first_not_of(' '), line.size());
    std::size_t at = seen(line.substr(0, begin)) + 2;
    for (std::size_t i = begin + 1; i + 1 < line.size(); ++i)
        if (line[i] != ' ' && line[i - 1] == ' ' && line[i - 2] == ' ' && seen(line.substr(0, i)) * 2 <= columns)
            at = seen(line.substr(0, i));
    return at;
}

std::string broken(std::string_view line, std::size_t columns) {
    const std::string indent(hanging(line, columns), ' ');
    std::string out, now;
    std::size_t at = std::min(line.find_first_not_of(' '), line.size());
    now = line.substr(0, at);
    bool first = true;
    while (at < line.size()) {
        const auto word = line.find_first_not_of(' ', at);
        if (word == std::string_view::npos) break;
        const auto end = std::min(line.find(' ', word), line.size());
        const auto next = line.substr(at, end - at);  // with the blanks before it
        if (!first && seen(now) + seen(next) > columns) {
            out += now + "\n";
            now = indent + std::string{line.substr(word, end - word)};
        } else
            now += next;
        first = false;
        at = end;
    }
    return out + now;
}

}  // namespace

std::string fit_lines(const std::string& text, int columns) {
    const auto room = static_cast<std::size_t>(std::max(columns, 20));
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = std::string_view{text}.substr(at, end - at);
        out += seen(line) > room ? broken(line, room) : std::string{line};
        if (end < text.size()) out += '\n';
        at = end + 1;
    }
    return out;
}

}  // namespace drainlab::cli
