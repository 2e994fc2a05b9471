#include "fusefs/trace/sinks.hpp"

#include <spdlog/spdlog.h>

#include <string_view>
#include <unordered_map>

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#endif

namespace drainlab::trace {

hub::subscription log_to_spdlog(hub& h) {
    return h.subscribe([](const event& e) {
        if (spdlog::should_log(spdlog::level::debug)) spdlog::debug("{}", to_json(e));
    });
}

#ifdef DTRACE_PROBE4
namespace {

using probe = void (*)(const event&);

/// A probe is a place in the code, so each has a function of its own.
#define DRAINLAB_PROBE(event_name, probe_name) \
    {event_name,                               \
     [](const event& e) { DTRACE_PROBE4(drainlab, probe_name, e.mount.c_str(), e.value1, e.value2, e.t_ns); }},
const std::unordered_map<std::string_view, probe> probes{
#include "fusefs/trace/probes.inc"
};
#undef DRAINLAB_PROBE

}  // namespace
#endif

hub::subscription fire_usdt_probes(hub& h) {
    return h.subscribe([]([[maybe_unused]] const event& e) {
#ifdef DTRACE_PROBE4
        DTRACE_PROBE4(drainlab, event, e.name.c_str(), e.mount.c_str(), e.value1, e.value2);
        if (const auto at = probes.find(e.name); at != probes.end()) at->second(e);
#endif
    });
}

}  // namespace drainlab::trace
