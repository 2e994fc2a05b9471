#include "controller/real/values.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::real {
namespace {

using nlohmann::json;

/// The value below the keys, or null: a daemon of another version may lack some.
const json& at(const json& j, std::initializer_list<const char*> keys) {
    static const json none;
    const json* here = &j;
    for (const auto* key : keys) {
        if (!here->is_object()) return none;
        const auto found = here->find(key);
        if (found == here->end()) return none;
        here = &*found;
    }
    return *here;
}

std::uint64_t count(const json& j, std::initializer_list<const char*> keys) {
    const auto& v = at(j, keys);
    if (v.is_number_float()) return static_cast<std::uint64_t>(v.get<double>());
    return v.is_number_unsigned() || (v.is_number_integer() && v.get<std::int64_t>() >= 0) ? v.get<std::uint64_t>() : 0;
}

double real(const json& j, std::initializer_list<const char*> keys) {
    const auto& v = at(j, keys);
    return v.is_number() ? v.get<double>() : 0.0;
}

std::optional<std::string> text(const json& j, std::initializer_list<const char*> keys) {
    const auto& v = at(j, keys);
    if (!v.is_string()) return std::nullopt;
    return v.get<std::string>();
}

std::vector<std::uint64_t> list(const json& j, std::initializer_list<const char*> keys) {
    std::vector<std::uint64_t> values;
    for (const auto& v : at(j, keys))
        if (v.is_number()) values.push_back(v.get<std::uint64_t>());
    return values;
}

std::optional<std::uint64_t> after(const json& mount, const char* phase, std::uint64_t called_ns) {
    const auto& v = at(mount, {"phases_ns", phase});
    if (!v.is_number()) return std::nullopt;
    const auto instant = v.get<std::uint64_t>();
    return instant > called_ns ? instant - called_ns : 0;
}

}  // namespace

report::umount_sample umount_of(const json& mount, std::uint64_t called_ns) {
    report::umount_sample u;
    u.detached_ns = after(mount, "detached", called_ns);
    u.drain_begins_ns = after(mount, "drain_begins", called_ns);
    u.drained_ns = after(mount, "drained", called_ns);
    u.dead_ns = after(mount, "dead", called_ns);
    u.drain_calls = count(mount, {"drain", "calls"});
    u.drain_waited = count(mount, {"drain", "waited"});
    u.drain_ns = count(mount, {"drain", "ns"});
    u.synchronize_ns = count(mount, {"drain", "parts_ns", "synchronize"});
    u.barrier_ns = count(mount, {"drain", "parts_ns", "barrier"});
    u.flush_ns = count(mount, {"drain", "parts_ns", "flush"});
    u.modelled_ns = count(mount, {"drain", "modelled_ns"});
    if (at(mount, {"drain", "in_flight_at_entry"}).is_number())
        u.in_flight_at_entry = count(mount, {"drain", "in_flight_at_entry"});
    u.held = text(mount, {"umount_wait"}).value_or("gate") == "gate";
    return u;
}

report::cycle_sample cycle_of(const json& counters) {
    report::cycle_sample c;
    c.switches.queued = count(counters, {"switches", "queued"});
    c.switches.done = count(counters, {"switches", "done"});
    c.switches.inodes = count(counters, {"switches", "inodes"});
    c.switches.by_producer.vote = count(counters, {"switches", "by_producer", "vote"});
    c.switches.by_producer.offline = count(counters, {"switches", "by_producer", "offline"});
    c.switches.by_producer.blkcg = count(counters, {"switches", "by_producer", "blkcg"});
    c.synchronize_ns = list(counters, {"rcu_ns", "synchronize"});
    c.barrier_ns = list(counters, {"rcu_ns", "barrier"});
    c.expedited_ns = list(counters, {"rcu_ns", "expedited"});
    c.switch_ns = list(counters, {"rcu_ns", "switch"});
    if (at(counters, {"loop_lag_us"}).is_object())
        c.loop_lag_us =
            report::lag_figures{real(counters, {"loop_lag_us", "p50"}), real(counters, {"loop_lag_us", "p99"}),
                                real(counters, {"loop_lag_us", "max"})};
    c.guessed_bytes = count(counters, {"guessed_bytes"});
    c.unknown_caller = count(counters, {"unknown_caller"});
    for (const auto& v : at(counters, {"violations"}))
        c.violations.push_back({text(v, {"invariant"}).value_or("unknown"), text(v, {"message"}).value_or(""),
                                text(v, {"producer"}), text(v, {"policy"})});
    return c;
}

void environment_of(const json& health, report::environment_info& into) {
    into.identity = text(health, {"identity"});
    into.memcg_death = text(health, {"memcg_death"});
    into.umount_wait = text(health, {"umount_wait"});
    into.detach_event = text(health, {"detach_event"});
    if (const auto libfuse = text(health, {"libfuse"})) into.libfuse = libfuse;
}

}  // namespace drainlab::real
