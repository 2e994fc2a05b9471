// The endpoints about the daemon: its health, its policy, its points, its end.
#include "fusefs/control/api.hpp"
#include "fusefs/control/api_answers.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace drainlab::control {

using nlohmann::json;

void api::health(const http_reply& reply) {
    const std::int64_t now = sched_.now().time_since_epoch().count();
    std::size_t live = 0;
    for (const auto& [id, m] : mounts_.living()) live += m->state() == mount_state::live;
    const bool gate = watch_.has_gate();
    auto limits = facts_.limits;
    if (auto warning = watch_.freeze_warning(); !warning.empty()) limits.push_back(std::move(warning));
    reply(answer({{"ok", true},
                  {"pid", getpid()},
                  {"version", version()},
                  {"git", git_revision()},
                  {"protocol", protocol_version},
                  {"started_ns", facts_.started_ns},
                  {"uptime_s", static_cast<double>(now - facts_.started_ns) / 1e9},
                  {"profile", facts_.profile},
                  {"policy", mounts_.default_policy().id()},
                  {"umount_wait", gate ? "gate" : "api"},
                  {"umount_wait_why", gate ? "" : watch_.why_no_gate()},
                  {"detach_event", watch_.detach_source()},
                  {"identity", facts_.identity},
                  {"memcg_death", facts_.memcg_death()},
                  {"gate_pid", gate ? json(watch_.gate_pid()) : json()},
                  {"log", facts_.log},
                  {"socket", facts_.socket},
                  {"mount_namespace", facts_.mount_namespace},
                  {"linger_ms", facts_.linger_ms},
                  {"limits", limits},
                  {"live_mounts", live}}));
}

void api::waiting(const http_reply& reply) {
    json tasks = json::array();
    for (const auto& w : sched_.waiting())
        tasks.push_back({{"task", w.task},
                         {"waits_for", w.waits_for},
                         {"since_ns", w.since.time_since_epoch().count()},
                         {"kind", w.kind == sched::fiber_kind::service ? "service" : "thread"}});
    reply(answer({{"tasks", tasks}}));
}

void api::policy(const http_request& r, const http_reply& reply) {
    const auto word = parse_policy(r.body);
    if (!word.has_value()) return reply(error_response(word.assume_error()));
    const auto* const p = kernel::find_drain_policy(word.assume_value());
    if (!p) return reply(error_response(unknown_policy(word.assume_value())));
    mounts_.set_policy_everywhere(*p, [reply, p] { reply(answer({{"policy", p->id()}})); });
}

void api::list_points(const http_reply& reply) {
    json points = json::array();
    for (const auto& point : kernel::point::all) {
        std::int64_t width = 0;
        for (const auto& [name, us] : widened_)
            if (name == point.name) width = us;
        points.push_back({{"point", point.name}, {"for_us", width}});
    }
    reply(answer({{"points", points}}));
}

void api::widen(const http_request& r, const http_reply& reply) {
    const auto parsed = parse_widen(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    const auto& w = parsed.assume_value();
    const auto found = std::find_if(std::begin(kernel::point::all), std::end(kernel::point::all),
                                    [&](const auto& p) { return p.name == w.point; });
    if (found == std::end(kernel::point::all)) {
        std::vector<std::string_view> names;
        for (const auto& p : kernel::point::all) names.push_back(p.name);
        return reply(error_response(
            bad_request(fmt::format("unknown point '{}'", w.point), fmt::format("known: {}", fmt::join(names, ", ")))));
    }
    sched_.widen(*found, w.width);
    std::erase_if(widened_, [&](const auto& one) { return one.first == w.point; });
    if (w.width.count() > 0) widened_.emplace_back(w.point, w.width.count());
    list_points(reply);
}

void api::stop(const http_request& r, const http_reply& reply) {
    const auto timeout = parse_stop(r.body);
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    const bool begun = end_(timeout.assume_value(), [reply](const stop_outcome& o) {
        json held = json::array(), lost = json::array();
        for (const auto& h : o.held)
            held.push_back({{"dir", os::to_printable(h.dir)},
                            {"name", os::to_printable(h.name)},
                            {"left", h.why_left.empty() ? json() : json(h.why_left)},
                            {"draining", h.draining}});
        for (const auto& l : o.lost)
            lost.push_back({{"dir", os::to_printable(l.dir)},
                            {"name", os::to_printable(l.mount)},
                            {"path", os::to_printable(l.path)},
                            {"bytes", l.bytes}});
        reply(answer({{"held", held}, {"lost", lost}}));
    });
    if (!begun) reply(error_response({409, "busy", "the daemon is stopping already", ""}));
}

}  // namespace drainlab::control
