#include "controller/client/words.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace drainlab::client {

namespace {

struct unit {
    std::string_view name;
    double nanoseconds;
};
constexpr std::array<unit, 7> units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"", 1e9}}};

/// Optimal string alignment distance: inserts, drops, replacements, swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.size()][b.size()];
}

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

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
    std::optional<std::string> best;
    std::size_t least = 0;
    for (const auto& k : known) {
        const bool begins = word.size() >= 2 && std::string_view(k).substr(0, word.size()) == word;
        const std::size_t d = begins ? 1 : distance(word, k);
        const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), k.size()) / 3);
        if (d <= allowed && d < k.size() && (!best || d < least)) {
            best = k;
            least = d;
        }
    }
    return best;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

}  // namespace drainlab::client
