#include "controller/result/strategy.hpp"

#include "controller/result/fields.hpp"

namespace drainlab::report::keys {

void fields(some<four_figures> auto& f, auto& visit) {
    visit("p50", needed{f.p50});
    visit("p95", f.p95);
    visit("p99", f.p99);
    visit("max", needed{f.max});
}

void fields(some<retry_recipe> auto& r, auto& visit) {
    visit("initial_ms", needed{r.initial_ms});
    visit("factor", needed{r.factor});
    visit("max_ms", needed{r.max_ms});
    visit("tries", needed{r.tries});
    visit("then", needed{r.then});
}

void fields(some<strategy_outcome> auto& o, auto& visit) {
    visit("what", needed{o.what});
    visit("held", needed{o.held});
    visit("tries", needed{o.tries});
}

void fields(some<strategy_figures> auto& s, auto& visit) {
    visit("name", needed{s.name});
    visit("unmounts", s.unmounts);
    visit("held", s.held);
    visit("unmounted", s.unmounted);
    visit("success_rate", s.success_rate);
    visit("left_mounted", s.left_mounted);
    visit("fell_back", s.fell_back);
    visit("tries_mean", s.tries_mean);
    visit("return_ms", s.return_ms);
    visit("dead_ms", s.dead_ms);
    visit.below("backlog", [&](auto& backlog) {
        backlog("max", s.backlog_max);
        backlog("mean", s.backlog_mean);
    });
    visit("retry", s.retry);
    visit("workers", s.workers);
    visit("held_share", s.held_share);
    visit("held_for_ms", s.held_for_ms);
    visit("umount_delay_ms", s.umount_delay_ms);
    visit("outcomes", s.outcomes);
    visit("backlog_steps_ms", s.batches);
}

json of(const strategy_figures& s) { return written(s); }

std::optional<strategy_figures> read_strategy(const cursor& c) { return c.maybe(read<strategy_figures>); }

}  // namespace drainlab::report::keys
