#include "fusefs/control/api.hpp"

#include "fusefs/control/process.hpp"
#include "fusefs/control/views.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace drainlab::control {

using nlohmann::json;

namespace {

constexpr milliseconds longest_wait{3'600'000};

http_response answer(const json& body, int status = 200) {
    return {status, body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json"};
}

std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t at = 1; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        if (end > at) parts.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

api_error not_found(const std::string& id) {
    return {404, "not_found", fmt::format("no mount '{}' is alive here", id), "GET /mounts lists them"};
}

api_error unknown_policy(const std::string& word) {
    return {400, "unknown_policy", fmt::format("unknown policy '{}'", word),
            fmt::format("known: {}", fmt::join(kernel::policy_ids(), ", "))};
}

/// timeout_ms of the query; 60 s if absent. An error names what is wrong with it or with another key.
api_result<milliseconds> timeout_of(const http_request& r, std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : r.query)
        if (std::find(known.begin(), known.end(), key) == known.end())
            return bad_request(fmt::format("unknown key '{}' in the query", key));
    const auto found = r.query.find("timeout_ms");
    if (found == r.query.end()) return milliseconds{60'000};
    std::int64_t ms = -1;
    const char* const end = found->second.data() + found->second.size();
    if (std::from_chars(found->second.data(), end, ms).ptr != end || ms < 0 || ms > longest_wait.count())
        return bad_request(fmt::format("'timeout_ms' must be a whole number from 0 to {}", longest_wait.count()));
    return milliseconds{ms};
}

bool hung_task_panics() {
    std::ifstream in{"/proc/sys/kernel/hung_task_panic"};
    int value = 0;
    return in >> value && value != 0;
}

}  // namespace

api::api(mount_table& mounts, counter_book& counters, umount_watch& watch, sched::scheduler& sched, daemon_facts facts,
         end_daemon end)
    : mounts_{mounts},
      counters_{counters},
      watch_{watch},
      sched_{sched},
      facts_{std::move(facts)},
      end_{std::move(end)} {}

void api::handle(const http_request& r, const http_reply& reply) {
    const auto p = split(r.path);
    if (!p.empty() && p[0] == "mounts" && handle_mount(r, p, reply)) return;
    if (p.size() == 1 && handle_daemon(r, p[0], reply)) return;
    if (r.path == "/counters/take" && r.method == "POST") return reply(answer(to_json(counters_.take())));
    reply(error_response(
        {404, "not_found", fmt::format("no {} {} here", r.method, r.path), "docs/api.md lists what there is"}));
}

bool api::handle_mount(const http_request& r, const parts& p, const http_reply& reply) {
    if (p.size() == 1 && r.method == "GET") return list(reply), true;
    if (p.size() == 1 && r.method == "POST") return create(r, reply), true;
    if (p.size() == 2 && r.method == "GET") return show(p[1], reply), true;
    if (p.size() == 3 && p[2] == "wait" && r.method == "GET") return wait(r, p[1], reply), true;
    if (p.size() < 2) return false;
    using action = void (api::*)(const http_request&, mount&, const http_reply&);
    action what = nullptr;
    if (p.size() == 2 && r.method == "PATCH") what = &api::patch;
    if (p.size() == 3 && p[2] == "wait_switch" && r.method == "GET") what = &api::wait_switch;
    if (p.size() == 3 && p[2] == "hold" && (r.method == "POST" || r.method == "DELETE")) what = &api::hold;
    if (p.size() == 3 && p[2] == "umount" && r.method == "POST") what = &api::unmount;
    if (!what) return false;
    mount* const m = mounts_.find(p[1]);
    if (!m) return reply(error_response(not_found(p[1]))), true;
    return (this->*what)(r, *m, reply), true;
}

bool api::handle_daemon(const http_request& r, const std::string& first, const http_reply& reply) {
    const std::string what = r.method + " " + first;
    if (what == "GET health") return health(reply), true;
    if (what == "GET counters") return reply(answer(to_json(counters_.since_start()))), true;
    if (what == "GET waiting") return waiting(reply), true;
    if (what == "GET widen") return list_points(reply), true;
    if (what == "PUT widen") return widen(r, reply), true;
    if (what == "PUT policy") return policy(r, reply), true;
    if (what == "POST stop") return stop(r, reply), true;
    if (what == "GET metrics")
        return reply({200, to_open_metrics(counters_.since_start(), mounts_.views()),
                      "application/openmetrics-text; version=1.0.0; charset=utf-8"}),
               true;
    return false;
}

// ---- the daemon ------------------------------------------------------------------------------------------------------------

void api::health(const http_reply& reply) {
    const std::int64_t now = sched_.now().time_since_epoch().count();
    std::size_t live = 0;
    for (const auto& [id, m] : mounts_.living()) live += m->state() == mount_state::live;
    const bool gate = watch_.has_gate();
    reply(answer({{"ok", true},
                  {"pid", getpid()},
                  {"version", version()},
                  {"git", git_revision()},
                  {"started_ns", facts_.started_ns},
                  {"uptime_s", static_cast<double>(now - facts_.started_ns) / 1e9},
                  {"profile", facts_.profile},
                  {"policy", mounts_.default_policy().id()},
                  {"umount_wait", gate ? "gate" : "api"},
                  {"umount_wait_why", gate ? "" : watch_.why_no_gate()},
                  {"detach_event", watch_.detach_source()},
                  {"identity", facts_.identity},
                  {"memcg_death", facts_.memcg_death},
                  {"gate_pid", gate ? json(watch_.gate_pid()) : json()},
                  {"log", facts_.log},
                  {"socket", facts_.socket},
                  {"mount_namespace", facts_.mount_namespace},
                  {"linger_ms", facts_.linger_ms},
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
    if (mounts_.stopping()) return reply(error_response({409, "busy", "the daemon is stopping already", ""}));
    mounts_.stop(timeout.assume_value(), [reply, end = end_](const std::vector<held_mount>& held) {
        json list = json::array();
        for (const auto& h : held) list.push_back({{"dir", h.dir}, {"name", h.name}});
        reply(answer({{"held", list}}));
        end(held);
    });
}

// ---- mounts ----------------------------------------------------------------------------------------------------------------

void api::list(const http_reply& reply) {
    json all = json::array();
    for (const auto& v : mounts_.views()) all.push_back(to_json(v));
    reply(answer({{"mounts", all}}));
}

void api::create(const http_request& r, const http_reply& reply) {
    auto parsed = parse_mount_request(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    mounts_.create(std::move(parsed).assume_value(), [reply](const api_result<mount_view>& made) {
        if (!made.has_value()) return reply(error_response(made.assume_error()));
        reply(answer(to_json(made.assume_value()), 201));
    });
}

void api::show(const std::string& id, const http_reply& reply) {
    const auto v = mounts_.view(id);
    if (!v) return reply(error_response(not_found(id)));
    reply(answer(to_json(*v)));
}

void api::patch(const http_request& r, mount& m, const http_reply& reply) {
    const auto parsed = parse_mount_patch(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    const auto& p = parsed.assume_value();
    const kernel::drain_policy* wanted = nullptr;
    if (p.policy && !(wanted = kernel::find_drain_policy(*p.policy)))
        return reply(error_response(unknown_policy(*p.policy)));
    m.apply(p);
    const auto done = [this, id = std::to_string(m.id()), reply] { show(id, reply); };
    if (!wanted) return done();
    mounts_.set_policy(m, *wanted, done);
}

void api::wait(const http_request& r, const std::string& id, const http_reply& reply) {
    const auto timeout = timeout_of(r, {"state", "timeout_ms"});
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    const auto word = r.query.find("state");
    const auto wanted = word == r.query.end() ? std::nullopt : parse_phase(word->second);
    if (!wanted) return reply(error_response(bad_request("'state' must be detached, drain_begins, drained or dead")));
    mount* const m = mounts_.find(id);
    const auto v = m ? std::optional<mount_view>{} : mounts_.view(id);
    if (v) return reply(answer(to_json(*v)));  // gone: it has been through all of them
    if (!m) return reply(error_response(not_found(id)));
    mounts_.wait(*m, *wanted, timeout.assume_value(),
                 [this, number = std::to_string(m->id()), reply, wanted](bool reached) {
                     if (reached) return show(number, reply);
                     const auto now = mounts_.view(number);
                     reply(answer({{"error",
                                    {{"code", "timed_out"},
                                     {"message", fmt::format("the mount is not {} yet", to_string(*wanted))},
                                     {"hint", ""}}},
                                   {"mount", now ? to_json(*now) : json()}},
                                  408));
                 });
}

void api::wait_switch(const http_request& r, mount& m, const http_reply& reply) {
    const auto timeout = timeout_of(r, {"timeout_ms"});
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    mounts_.wait_switch(m, timeout.assume_value(), [this, number = std::to_string(m.id()), reply](bool seen) {
        if (seen) return show(number, reply);
        const auto now = mounts_.view(number);
        reply(answer(
            {{"error", {{"code", "timed_out"}, {"message", "no switch of this mount is in flight"}, {"hint", ""}}},
             {"mount", now ? to_json(*now) : json()}},
            408));
    });
}

void api::hold(const http_request& r, mount& m, const http_reply& reply) {
    if (r.method == "DELETE") {
        mounts_.hold(m, std::nullopt);
        return show(std::to_string(m.id()), reply);
    }
    const auto parsed = parse_hold(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    if (parsed.assume_value().duration > hold_limit && hung_task_panics())
        return reply(error_response(
            bad_request("'for_ms' is above 60000, and kernel.hung_task_panic is 1: the machine would panic",
                        "hold for less, or set kernel.hung_task_panic to 0")));
    mounts_.hold(m, parsed.assume_value());
    show(std::to_string(m.id()), reply);
}

void api::unmount(const http_request& r, mount& m, const http_reply& reply) {
    const auto parsed = parse_umount(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    const auto u = parsed.assume_value();
    mounts_.unmount(m, u.lazy, u.force, [this, dir = m.dir(), number = std::to_string(m.id()), reply](int error) {
        if (error == 0) return show(number, reply);
        const auto why = fmt::format("cannot unmount {}: {}", dir, std::strerror(error));
        if (error == EBUSY) return reply(error_response({409, "busy", why, "\"lazy\":true detaches it"}));
        if (error == ENOENT)
            return reply(error_response({404, "not_found", fmt::format("{} is not mounted here any more", dir), ""}));
        if (error == EXDEV)
            return reply(error_response(
                {409, "busy", fmt::format("another filesystem is mounted over {}", dir), "unmount that first"}));
        reply(error_response({500, "failed", why, ""}));
    });
}

}  // namespace drainlab::control
