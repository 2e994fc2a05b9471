#include "controller/lab/protocol.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::lab {
namespace {

using nlohmann::json;

std::optional<std::uint64_t> maybe(const json& j, const char* key) {
    const auto at = j.find(key);
    if (at == j.end()) return std::nullopt;
    return at->get<std::uint64_t>();
}

sample_told sample_of(const json& j) {
    sample_told s;
    s.scenario = j.at("scenario");
    s.number = j.at("i");
    s.status = j.at("status");
    s.busy_inodes = j.at("busy_inodes");
    s.cpu_ns = j.at("cpu_ns");
    s.sync_ns = j.at("sync_ns");
    s.released_to_dead_ns = maybe(j, "released_to_dead_ns");
    s.lost_events = j.value("lost_events", 0);
    auto& f = s.figures;
    f.umount_ns = j.at("umount_ns");
    f.detached_ns = maybe(j, "detached_ns");
    f.drain_begins_ns = maybe(j, "drain_begins_ns");
    f.drained_ns = maybe(j, "drained_ns");
    f.dead_ns = maybe(j, "dead_ns");
    f.drain_calls = j.at("drain_calls");
    f.drain_waited = j.at("waits").get<int>() > 0 ? 1 : 0;
    f.drain_ns = j.at("drain_ns");
    f.synchronize_ns = j.at("synchronize_ns");
    f.barrier_ns = j.at("barrier_ns");
    f.flush_ns = j.at("flush_ns");
    f.in_flight_at_entry = maybe(j, "in_flight");
    return s;
}

measured_told measured_of(const json& j) {
    measured_told m;
    for (const auto& k : guest::cause_keys())
        if (const auto v = maybe(j, std::string(k.name).c_str())) m.causes.*k.field = static_cast<std::int64_t>(*v);
    return m;
}

std::optional<message> message_of(const json& j) {
    const std::string what = j.at("what");
    if (what == "hello") {
        if (j.at("schema") != "drainlab.guest/1") return std::nullopt;
        return hello{j.at("release"), j.at("version"), j.at("cpus")};
    }
    if (what == "policy") return policy_told{j.at("policy"), j.at("era"), j.at("calls")};
    if (what == "ready") return ready{j.at("hz"), j.at("probes")};
    if (what == "measured") return measured_of(j);
    if (what == "sample") return sample_of(j);
    if (what == "trace") return trace_told{j.at("scenario"), j.at("i"), j.at("pid"), j.at("line")};
    if (what == "load")
        return load_told{j.at("scenario"),    j.at("generations"),    j.at("ns"),
                         maybe(j, "by_vote"), maybe(j, "by_offline"), maybe(j, "by_other")};
    if (what == "warning") return warning_told{j.at("text")};
    if (what == "error") return error_told{j.at("text")};
    if (what == "bye") return bye{};
    return std::nullopt;
}

}  // namespace

std::optional<message> parse_message(const std::string& line) {
    const auto j = json::parse(line, nullptr, false);
    if (!j.is_object()) return std::nullopt;
    try {
        return message_of(j);
    } catch (const json::exception&) { return std::nullopt; }
}

}  // namespace drainlab::lab
