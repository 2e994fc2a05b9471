#include "controller/strategy/figures.hpp"

#include "controller/measure/quantile.hpp"

#include <algorithm>
#include <map>

namespace drainlab::strategy {

namespace {

std::optional<spread> spread_of(const std::vector<std::uint64_t>& ns) {
    if (ns.empty()) return std::nullopt;
    const auto sorted = measure::sorted(ns);
    const auto at = [&](double p) { return static_cast<double>(measure::quantile(sorted, p)) / 1e6; };
    const auto if_told = [&](double p) {
        return measure::supports(p, ns.size()) ? std::optional{at(p)} : std::nullopt;
    };
    return spread{at(0.5), if_told(0.95), if_told(0.99), static_cast<double>(sorted.back()) / 1e6};
}

std::uint64_t length(std::int64_t from, std::int64_t to) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, to - from));
}

/// When the caller had nothing more to come from it.
std::int64_t over(const sample& s) { return s.dead ? std::max(*s.dead, s.returned) : s.ended; }

/// A batch's highest backlog, and its integral over time.
struct area {
    int max = 0;
    double filled = 0, width = 0;
    report::backlog_steps steps;
};

area area_of(const std::vector<sample>& batch) {
    std::map<std::int64_t, int> steps;
    std::int64_t from = batch.front().called, to = from;
    for (const auto& s : batch) {
        ++steps[s.returned];
        --steps[std::max(over(s), s.returned)];
        from = std::min(from, s.called);
        to = std::max(to, over(s));
    }
    area a;
    a.width = static_cast<double>(to - from);
    int now = 0;
    std::int64_t since = from;
    for (const auto& [at, change] : steps) {
        a.filled += static_cast<double>(now) * static_cast<double>(at - since);
        since = at;
        now += change;
        a.max = std::max(a.max, now);
        a.steps.emplace_back(static_cast<double>(at - from) / 1e6, static_cast<std::uint64_t>(std::max(now, 0)));
    }
    return a;
}

}  // namespace

figures figures_of(kind k, const std::vector<std::vector<sample>>& batches) {
    figures f;
    f.strategy = k;
    std::vector<std::uint64_t> returns, deaths;
    double tries = 0, filled = 0, width = 0;
    for (const auto& batch : batches) {
        if (batch.empty()) continue;
        for (const auto& s : batch) {
            ++f.unmounts;
            f.held += s.held;
            ++(s.how.done() ? f.unmounted : f.left_mounted);
            f.fell_back += s.how.fell_back && s.how.done();
            tries += s.how.tries;
            f.outcomes.push_back({!s.how.done()     ? "left_mounted"
                                  : s.how.fell_back ? "fell_back"
                                                    : "unmounted",
                                  s.held, static_cast<std::uint64_t>(s.how.tries)});
            returns.push_back(length(s.called, s.returned));
            if (s.dead) deaths.push_back(length(s.called, *s.dead));
        }
        auto a = area_of(batch);
        f.batches.push_back(std::move(a.steps));
        f.behind.max = std::max(f.behind.max, a.max);
        filled += a.filled;
        width += a.width;
    }
    f.return_ms = spread_of(returns);
    f.dead_ms = spread_of(deaths);
    if (f.unmounts > 0) f.tries_mean = tries / f.unmounts;
    if (width > 0) f.behind.mean = filled / width;
    return f;
}

}  // namespace drainlab::strategy
