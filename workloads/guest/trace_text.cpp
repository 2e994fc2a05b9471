#include "workloads/guest/trace_text.hpp"

#include <charconv>

namespace drainlab::guest {
namespace {

std::string_view trimmed(std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\r')) s.remove_suffix(1);
    return s;
}

template <class Number>
bool read(std::string_view s, Number& into, int base = 10) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), into, base);
    return error == std::errc{} && end == s.data() + s.size();
}

/// Seconds with a fraction of up to nine digits.
std::optional<std::int64_t> nanoseconds(std::string_view s) {
    const auto dot = s.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    std::int64_t seconds = 0, fraction = 0;
    std::string digits(s.substr(dot + 1));
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    digits.resize(9, '0');
    if (!read(s.substr(0, dot), seconds) || !read(std::string_view(digits), fraction)) return std::nullopt;
    return seconds * 1'000'000'000 + fraction;
}

/// Task and pid: "kworker/0:1-mm_-12" ends in the last '-'.
bool read_task(std::string_view s, trace_event& into) {
    const auto dash = s.rfind('-');
    if (dash == std::string_view::npos || !read(s.substr(dash + 1), into.pid)) return false;
    into.task = s.substr(0, dash);
    return true;
}

}  // namespace

std::optional<std::uint64_t> trace_event::field(std::string_view key) const {
    const std::string wanted = std::string(key) + "=";
    for (auto at = rest.find(wanted); at != std::string::npos; at = rest.find(wanted, at + 1)) {
        if (at > 0 && rest[at - 1] != ' ') continue;
        std::string_view value = std::string_view(rest).substr(at + wanted.size());
        value = value.substr(0, value.find(' '));
        std::uint64_t number = 0;
        if (value.starts_with("0x")) return read(value.substr(2), number, 16) ? std::optional(number) : std::nullopt;
        std::int64_t with_sign = 0;
        if (read(value, number)) return number;
        return read(value, with_sign) ? std::optional(static_cast<std::uint64_t>(with_sign)) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<trace_event> parse_trace_line(std::string_view line) {
    if (line.empty() || line.front() == '#') return std::nullopt;
    const auto open = line.find(" [");
    const auto close = open == std::string_view::npos ? open : line.find(']', open);
    if (close == std::string_view::npos) return std::nullopt;
    trace_event e;
    if (!read_task(trimmed(line.substr(0, open)), e) || !read(line.substr(open + 2, close - open - 2), e.cpu))
        return std::nullopt;
    // Flags such as "d..1.", then the time up to its colon, then the name up to its own.
    auto tail = trimmed(line.substr(close + 1));
    const auto time_end = tail.find(": ");
    if (time_end == std::string_view::npos) return std::nullopt;
    const auto before = trimmed(tail.substr(0, time_end));
    const auto at = nanoseconds(before.substr(before.rfind(' ') + 1));
    if (!at) return std::nullopt;
    e.at_ns = *at;
    tail = trimmed(tail.substr(time_end + 2));
    const auto name_end = tail.find(':');
    if (name_end == std::string_view::npos) return std::nullopt;
    e.name = tail.substr(0, name_end);
    e.rest = trimmed(tail.substr(name_end + 1));
    return e;
}

trace_text parse_trace(std::string_view text) {
    trace_text t;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        if (auto e = parse_trace_line(line))
            t.events.push_back(std::move(*e));
        else if (line.find("LOST") != std::string_view::npos)
            ++t.lost;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return t;
}

}  // namespace drainlab::guest
