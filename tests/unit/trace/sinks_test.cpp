// The sinks that are always there.
#include "fusefs/trace/sinks.hpp"

#include "tests/unit/trace/probe_sites.hpp"

#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <set>
#include <sstream>

using namespace drainlab::trace;

namespace {

/// The log in a string, at a level, until the end of the test.
struct kept_log {
    explicit kept_log(spdlog::level::level_enum level) : before{spdlog::default_logger()} {
        const auto to =
            std::make_shared<spdlog::logger>("kept", std::make_shared<spdlog::sinks::ostream_sink_st>(lines, true));
        to->set_pattern("%l %v");
        to->set_level(level);
        spdlog::set_default_logger(to);
    }
    ~kept_log() { spdlog::set_default_logger(before); }
    std::ostringstream lines;
    std::shared_ptr<spdlog::logger> before;
};

event drained() {
    event e;
    e.t_ns = 5;
    e.name = "drained";
    e.mount = "A";
    return e;
}

}  // namespace

TEST_CASE("at level debug every event is a line of the log", "[trace][sinks]") {
    const kept_log log{spdlog::level::debug};
    hub h;
    {
        const auto sink = log_to_spdlog(h);
        h.emit(drained());
    }
    h.emit(drained());  // nobody listens any more
    CHECK(log.lines.str() == "debug {\"t_ns\":5,\"event\":\"drained\",\"n\":1,\"mount\":\"A\"}\n");
}

TEST_CASE("at level info no event is", "[trace][sinks]") {
    const kept_log log{spdlog::level::info};
    hub h;
    const auto sink = log_to_spdlog(h);
    h.emit(drained());
    CHECK(log.lines.str().empty());
    CHECK(h.emitted() == 1);
}

namespace {

/// Events that have a probe of their own, and its name.
const std::pair<std::string, std::string> own_probes[] = {
#define DRAINLAB_PROBE(event_name, probe_name) {event_name, #probe_name},
#include "fusefs/trace/probes.inc"
#undef DRAINLAB_PROBE
};

}  // namespace

TEST_CASE("an event passes the probe of all events and that of its own, and no other", "[trace][sinks][probes]") {
    if (probe_sites::all().empty()) {
        WARN("built without <sys/sdt.h>, or for a processor whose breakpoints the test does not know");
        return;
    }
    hub h;
    const auto sink = fire_usdt_probes(h);
    CHECK(probe_sites::passed().empty());
    using names = std::map<std::string, int>;
    auto e = drained();
    for (const auto& [name, probe] : own_probes) {
        CAPTURE(name);
        e.name = name;
        h.emit(e);
        CHECK(probe_sites::passed() == names{{"event", 1}, {probe, 1}});
    }
    e.name = "no probe has this name";
    h.emit(e);
    CHECK(probe_sites::passed() == names{{"event", 1}});
}

TEST_CASE("without the sink no probe is passed", "[trace][sinks][probes]") {
    hub h;
    { const auto sink = fire_usdt_probes(h); }
    h.emit(drained());
    CHECK(probe_sites::passed().empty());
    CHECK(h.listeners() == 0);
}

TEST_CASE("no two events share a probe, and no event has two", "[trace][sinks][probes]") {
    std::set<std::string> events, names;
    for (const auto& [name, probe] : own_probes) {
        CAPTURE(name, probe);
        CHECK(events.insert(name).second);
        CHECK(names.insert(probe).second);
    }
    CHECK(events.contains("violation"));
}
