#include "fusefs/trace/sinks.hpp"

#include <spdlog/spdlog.h>

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#endif

namespace drainlab::trace {

hub::subscription log_to_spdlog(hub& h) {
    return h.subscribe([](const event& e) {
        if (spdlog::should_log(spdlog::level::debug)) spdlog::debug("{}", to_json(e));
    });
}

hub::subscription fire_usdt_probes(hub& h) {
    return h.subscribe([]([[maybe_unused]] const event& e) {
#ifdef DTRACE_PROBE4
        DTRACE_PROBE4(drainlab, event, e.name.c_str(), e.mount.c_str(), e.value1, e.value2);
#endif
    });
}

}  // namespace drainlab::trace
