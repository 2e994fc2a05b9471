// The sinks that are always there.
#include "fusefs/trace/sinks.hpp"

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

TEST_CASE("probes fire for events with and without one of their own, and keep nobody from hearing them",
          "[trace][sinks]") {
    hub h;
    std::vector<std::string> heard;
    auto sink = fire_usdt_probes(h);
    CHECK(h.listeners() == 1);
    const auto after = h.subscribe([&](const event& e) { heard.push_back(e.name); });
    h.emit(drained());
    auto other = drained();
    other.name = "no probe has this name";
    h.emit(other);
    CHECK(heard == std::vector<std::string>{"drained", "no probe has this name"});
    sink.cancel();
    CHECK(h.listeners() == 1);
}

TEST_CASE("no two events share a probe, and no event has two", "[trace][sinks]") {
    const std::pair<std::string, std::string> probes[] = {
#define DRAINLAB_PROBE(event_name, probe_name) {event_name, #probe_name},
#include "fusefs/trace/probes.inc"
#undef DRAINLAB_PROBE
    };
    std::set<std::string> events, names;
    for (const auto& [name, probe] : probes) {
        CAPTURE(name, probe);
        CHECK(events.insert(name).second);
        CHECK(names.insert(probe).second);
    }
    CHECK(events.contains("violation"));
}
