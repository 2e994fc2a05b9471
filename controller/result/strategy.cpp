#include "controller/result/strategy.hpp"

#include "controller/result/keys.hpp"

namespace drainlab::report::keys {
namespace {

json of(const std::optional<four_figures>& f) {
    if (!f) return nullptr;
    return {{"p50", number(f->p50)}, {"p95", number(f->p95)}, {"p99", number(f->p99)}, {"max", number(f->max)}};
}

json of(const std::optional<retry_recipe>& r) {
    if (!r) return nullptr;
    return {{"initial_ms", number(r->initial_ms)},
            {"factor", number(r->factor)},
            {"max_ms", number(r->max_ms)},
            {"tries", r->tries},
            {"then", r->then}};
}

json of(const std::vector<strategy_outcome>& all) {
    auto out = json::array();
    for (const auto& o : all) out.push_back({{"what", o.what}, {"held", o.held}, {"tries", o.tries}});
    return out;
}

json of(const std::vector<backlog_steps>& batches) {
    auto out = json::array();
    for (const auto& batch : batches) {
        auto steps = json::array();
        for (const auto& [at, n] : batch) steps.push_back({number(at), n});
        out.push_back(std::move(steps));
    }
    return out;
}

std::optional<four_figures> read_four(const cursor& c) {
    return c.maybe([](const cursor& f) {
        return four_figures{f["p50"].number(), maybe_number(f["p95"]), maybe_number(f["p99"]), f["max"].number()};
    });
}

std::pair<double, std::uint64_t> read_step(const cursor& c) {
    const auto all = c.list([](const cursor& v) { return v; });
    if (all.size() != 2) c.fail("an instant and a count");
    return {all[0].number(), all[1].count()};
}

}  // namespace

json of(const strategy_figures& s) {
    return {{"name", s.name},
            {"unmounts", s.unmounts},
            {"held", s.held},
            {"unmounted", s.unmounted},
            {"success_rate", number(s.success_rate)},
            {"left_mounted", s.left_mounted},
            {"fell_back", s.fell_back},
            {"tries_mean", number(s.tries_mean)},
            {"return_ms", of(s.return_ms)},
            {"dead_ms", of(s.dead_ms)},
            {"backlog", {{"max", number(s.backlog_max)}, {"mean", number(s.backlog_mean)}}},
            {"retry", of(s.retry)},
            {"workers", s.workers ? json(*s.workers) : json(nullptr)},
            {"held_share", number(s.held_share)},
            {"held_for_ms", number(s.held_for_ms)},
            {"umount_delay_ms", number(s.umount_delay_ms)},
            {"outcomes", of(s.outcomes)},
            {"backlog_steps_ms", of(s.batches)}};
}

std::optional<strategy_figures> read_strategy(const cursor& c) {
    if (c.null()) return std::nullopt;
    strategy_figures s;
    s.name = c["name"].text();
    s.unmounts = count_or(c["unmounts"]);
    s.held = count_or(c["held"]);
    s.unmounted = count_or(c["unmounted"]);
    s.success_rate = maybe_number(c["success_rate"]);
    s.left_mounted = count_or(c["left_mounted"]);
    s.fell_back = count_or(c["fell_back"]);
    s.tries_mean = number_or(c["tries_mean"]);
    s.return_ms = read_four(c["return_ms"]);
    s.dead_ms = read_four(c["dead_ms"]);
    s.backlog_max = number_or(c["backlog"]["max"]);
    s.backlog_mean = number_or(c["backlog"]["mean"]);
    s.retry = c["retry"].maybe([](const cursor& r) {
        return retry_recipe{r["initial_ms"].number(), r["factor"].number(), r["max_ms"].number(), r["tries"].count(),
                            r["then"].text()};
    });
    s.workers = maybe_count(c["workers"]);
    s.held_share = number_or(c["held_share"]);
    s.held_for_ms = number_or(c["held_for_ms"]);
    s.umount_delay_ms = number_or(c["umount_delay_ms"]);
    s.outcomes = c["outcomes"].list([](const cursor& o) {
        return strategy_outcome{o["what"].text(), o["held"].flag(), o["tries"].count()};
    });
    s.batches = c["backlog_steps_ms"].list([](const cursor& b) { return b.list(read_step); });
    return s;
}

}  // namespace drainlab::report::keys
