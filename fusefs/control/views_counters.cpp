// The counters.
#include "fusefs/control/views_parts.hpp"
#include "fusefs/os/printable.hpp"

namespace drainlab::control {

using nlohmann::json;

json switches_json(const kernel::switch_stats& s) {
    using kernel::producer;
    const auto of = [&](producer p) { return s.by_producer[static_cast<std::size_t>(p)]; };
    return object(
        {{"queued", s.queued},
         {"done", s.done},
         {"inodes", s.inodes},
         {"by_producer",
          object({{"vote", of(producer::vote)}, {"offline", of(producer::offline)}, {"blkcg", of(producer::blkcg)}})}});
}

json drain_json(const kernel::drain_stats& d, const member& in_flight) {
    return object(
        {{"calls", d.calls},
         {"waited", d.waited},
         {"ns", d.ns},
         {"parts_ns", object({{"synchronize", d.synchronize_ns}, {"barrier", d.barrier_ns}, {"flush", d.flush_ns}})},
         {"modelled_ns", d.modelled_ns},
         in_flight});
}

json to_json(const kernel::violation& v) {
    return object({{"invariant", v.invariant},
                   {"message", v.message},
                   {"producer", text_or_null(v.producer)},
                   {"policy", text_or_null(v.policy)},
                   {"mount", text_or_null(os::to_printable(v.mount))},
                   {"t_ns", v.when.time_since_epoch().count()}});
}

json violations_json(const std::vector<kernel::violation>& all) {
    json list = json::array();
    for (const auto& v : all) list.push_back(to_json(v));
    return list;
}

json to_json(const counters& c) {
    return object(
        {{"since_ns", c.since_ns},
         {"isw_nr_in_flight", c.isw_nr_in_flight},
         {"switches", switches_json(c.switches)},
         {"violations", violations_json(c.violations)},
         {"drain", drain_json(c.drain, {"in_flight_sum", c.drain.in_flight_at_entry})},
         {"samples", object({{"synchronize", c.samples.synchronize},
                             {"barrier", c.samples.barrier},
                             {"expedited", c.samples.expedited},
                             {"switch", c.samples.switches}})},
         {"grace_periods", c.grace_periods},
         {"writeback_rounds", c.writeback_rounds},
         {"loop_lag_us", object({{"p50", c.loop_lag.p50_us}, {"p99", c.loop_lag.p99_us}, {"max", c.loop_lag.max_us}})},
         {"requests", c.requests},
         {"guessed_bytes", c.guessed_bytes},
         {"unknown_caller", c.unknown_caller},
         {"memcgs", object({{"online", c.memcgs_online}, {"dying", c.memcgs_dying}})},
         {"wbs", c.wbs}});
}

json to_json_with_samples(const counters& c) {
    json all = to_json(c);
    all["rcu_ns"] = {{"synchronize", c.rcu.synchronize},
                     {"barrier", c.rcu.barrier},
                     {"expedited", c.rcu.expedited},
                     {"switch", c.switch_ns}};
    return all;
}

}  // namespace drainlab::control
