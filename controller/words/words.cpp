#include "controller/words/words.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace drainlab::words {

namespace {

struct unit {
    std::string_view name;
    double nanoseconds;
};
constexpr std::array<unit, 7> units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"", 1e9}}};

}  // namespace

std::optional<duration> parse_duration(std::string_view text) {
    if (text.empty() || !(text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) return std::nullopt;
    double amount = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto found = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == rest; });
    if (found == units.end()) return std::nullopt;
    const double ns = amount * found->nanoseconds;
    if (!(ns < 9.2e18)) return std::nullopt;
    return duration(std::llround(ns));
}

std::string show_duration(duration length) {
    const auto ns = length.count();
    if (ns == 0) return "0s";
    const auto in = [&](std::int64_t one, const char* name) {
        return fmt::format("{:.4g}{}", static_cast<double>(ns) / static_cast<double>(one), name);
    };
    if (ns >= 3'600'000'000'000) return in(3'600'000'000'000, "h");
    if (ns >= 120'000'000'000) return in(60'000'000'000, "m");
    if (ns >= 1'000'000'000) return in(1'000'000'000, "s");
    if (ns >= 1'000'000) return in(1'000'000, "ms");
    if (ns >= 1'000) return in(1'000, "us");
    return in(1, "ns");
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

}  // namespace drainlab::words
