#include "fusefs/sched/schedule.hpp"

#include <algorithm>
#include <charconv>

namespace drainlab::sched {

namespace {

constexpr std::uint32_t per_z = 25;
constexpr std::size_t longest = 1'000'000;

void append_base36(std::string& out, std::size_t n) {
    char text[16];
    const auto end = std::to_chars(text, text + sizeof text, n, 36).ptr;
    out.append(text, end);
}

}  // namespace

std::string to_string(const schedule& s) {
    std::string out = s.preemptions < 0 ? "u" : std::to_string(s.preemptions);
    out += ':';
    std::size_t zeros = 0;
    for (std::uint32_t taken : s.taken) {
        if (taken == 0) {
            ++zeros;
            continue;
        }
        if (zeros > 0) append_base36(out, zeros);
        zeros = 0;
        for (; taken > per_z; taken -= per_z) out += 'Z';
        out += static_cast<char>('A' + taken - 1);
    }
    return out;
}

std::optional<schedule> parse_schedule(std::string_view text) {
    schedule s;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    const auto bound = text.substr(0, colon);
    if (bound != "u") {
        const auto [end, error] = std::from_chars(bound.data(), bound.data() + bound.size(), s.preemptions);
        if (error != std::errc{} || end != bound.data() + bound.size() || s.preemptions < 0) return {};
    }
    for (std::string_view rest = text.substr(colon + 1); !rest.empty();) {
        std::size_t zeros = 0;
        const auto digits =
            std::find_if(rest.begin(), rest.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) - rest.begin();
        if (digits > 0) {
            const auto [end, error] = std::from_chars(rest.data(), rest.data() + digits, zeros, 36);
            if (error != std::errc{} || end != rest.data() + digits) return {};
        }
        if (zeros > longest || s.taken.size() > longest) return {};
        rest.remove_prefix(static_cast<std::size_t>(digits));
        std::uint32_t taken = 0;
        while (!rest.empty() && rest.front() == 'Z') {
            taken += per_z;
            rest.remove_prefix(1);
        }
        if (rest.empty() || rest.front() < 'A' || rest.front() >= 'Z') return {};
        taken += static_cast<std::uint32_t>(rest.front() - 'A') + 1;
        rest.remove_prefix(1);
        s.taken.insert(s.taken.end(), zeros, 0);
        s.taken.push_back(taken);
    }
    return s;
}

}  // namespace drainlab::sched
