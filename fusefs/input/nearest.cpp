#include "fusefs/input/nearest.hpp"

#include <algorithm>

namespace drainlab::input {

namespace {

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

}  // namespace drainlab::input
