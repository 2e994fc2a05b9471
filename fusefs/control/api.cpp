#include "fusefs/control/api.hpp"

#include "fusefs/control/holders.hpp"
#include "fusefs/control/mount_point.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/control/views.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace drainlab::control {

using nlohmann::json;

namespace {

constexpr milliseconds longest_wait{3'600'000};
constexpr milliseconds look_up_limit{5'000};

http_response answer(const json& body, int status = 200) {
    return {status, body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json"};
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

api::api(served_mounts& mounts, counter_book& counters, umount_watch& watch, sched::scheduler& sched,
         boost::asio::io_context& io, daemon_facts facts, end_daemon end)
    : io_{io},
      mounts_{mounts},
      counters_{counters},
      watch_{watch},
      sched_{sched},
      facts_{std::move(facts)},
      end_{std::move(end)} {}

void api::handle(const http_request& r, const http_reply& reply) {
    const auto& p = r.parts;
    if (!p.empty() && p[0] == "mounts" && handle_mount(r, p, reply)) return;
    if (p.size() == 1 && handle_daemon(r, p[0], reply)) return;
    if (r.path == "/counters/take" && r.method == "POST") return reply(answer(to_json_with_samples(counters_.take())));
    reply(error_response(
        {404, "not_found", fmt::format("no {} {} here", r.method, r.path), "docs/api.md lists what there is"}));
}

bool api::handle_mount(const http_request& r, const parts& p, const http_reply& reply) {
    if (p.size() == 1 && r.method == "GET") return list(reply), true;
    if (p.size() == 1 && r.method == "POST") return create(r, reply), true;
    if (p.size() == 2 && r.method == "GET") return show(p[1], reply), true;
    if (p.size() == 3 && p[2] == "wait" && r.method == "GET") return wait(r, p[1], reply), true;
    if (p.size() == 3 && p[2] == "why" && r.method == "GET") return why(p[1], reply), true;
    if (p.size() >= 3 && p[2] == "faults") return handle_faults(r, p, reply);
    if (p.size() < 2) return false;
    using action = void (api::*)(const http_request&, served_mount&, const http_reply&);
    action what = nullptr;
    if (p.size() == 2 && r.method == "PATCH") what = &api::patch;
    if (p.size() == 3 && p[2] == "wait_switch" && r.method == "GET") what = &api::wait_switch;
    if (p.size() == 3 && p[2] == "hold" && (r.method == "POST" || r.method == "DELETE")) what = &api::hold;
    if (p.size() == 3 && p[2] == "umount" && r.method == "POST") what = &api::unmount;
    if (p.size() == 3 && p[2] == "power_cut" && r.method == "POST") what = &api::power_cut;
    if (!what) return false;
    served_mount* const m = mounts_.find(p[1]);
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
        return reply({200, to_open_metrics(counters_.since_start(), mounts_.views(), mounts_.gone().times),
                      "application/openmetrics-text; version=1.0.0; charset=utf-8"}),
               true;
    return false;
}

// ---- the daemon -----------------------------------------------------------------------------------------------------

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

// ---- mounts ---------------------------------------------------------------------------------------------------------

void api::list(const http_reply& reply) {
    json all = json::array();
    for (const auto& v : mounts_.views()) all.push_back(to_json(v));
    reply(answer({{"mounts", all}}));
}

void api::create(const http_request& r, const http_reply& reply) {
    auto parsed = parse_mount_request(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    auto made = [reply](const api_result<mount_view>& m) {
        if (!m.has_value()) return reply(error_response(m.assume_error()));
        reply(answer(to_json(m.assume_value()), 201));
    };
    auto request = std::move(parsed).assume_value();
    const std::string dir = request.dir;
    if (auto error = mounts_.refuse(request)) return made(*std::move(error));  // before anybody looks anything up
    look_up_mount_point(io_, dir, look_up_limit, [this, request = std::move(request), made](mount_point at) mutable {
        if (!at.dir && request.seen && (at.err == ENOENT || at.err == ENOTDIR))
            return made(mount_error(ESTALE, at.error + "; you see one there: another mount namespace, or root"));
        if (!at.dir) return made(mount_error(at.err, std::move(at.error)));
        request.place = std::move(at.dir);
        check_store(std::move(request), made);
    });
}

/// Where the client lives in another mount namespace, or has another root, its path may lead us to somebody else's
/// files.
void api::check_store(mount_request request, std::function<void(const api_result<mount_view>&)> made) {
    if (!request.store || !request.store_seen) return mounts_.create(std::move(request), made);
    const std::string store = *request.store;
    look_up_mount_point(io_, store, look_up_limit, [this, request = std::move(request), made](mount_point at) mutable {
        const auto here = at.dir ? os::look_at(at.dir->get()) : std::nullopt;
        if (at.err == ENOENT || at.err == ENOTDIR || (here && !os::is_same(*here, *request.store_seen)))
            return made(mount_error(ESTALE, fmt::format("'store' is {}: you see another directory there than drainfs "
                                                        "does: another mount namespace, or root",
                                                        os::to_line(*request.store))));
        mounts_.create(std::move(request), made);  // what else is wrong with it, it says itself
    });
}

void api::show(const std::string& id, const http_reply& reply) {
    const auto v = mounts_.view(id);
    if (!v) return reply(error_response(not_found(id)));
    reply(answer(to_json(*v)));
}

void api::patch(const http_request& r, served_mount& m, const http_reply& reply) {
    const auto parsed = parse_mount_patch(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    const auto& p = parsed.assume_value();
    const kernel::drain_policy* wanted = nullptr;
    if (p.policy && !(wanted = kernel::find_drain_policy(*p.policy)))
        return reply(error_response(unknown_policy(*p.policy)));
    const bool slow = p.umount_delay && p.umount_delay->count() > 0;
    if (slow && m.wait() != umount_wait::api && !watch_.has_gate())
        return reply(error_response(delay_without_gate(watch_.why_no_gate())));
    m.apply(p);
    const auto done = [this, id = std::to_string(m.id()), reply] { show(id, reply); };
    if (!wanted) return done();
    mounts_.set_policy(m, *wanted, done);
}

void api::why(const std::string& id, const http_reply& reply) {
    const served_mount* const m = mounts_.find(id);
    if (!m) return reply(error_response(not_found(id)));
    find_why(io_, facts_.socket, m->id(), [reply](const api_result<json>& found) {
        if (!found.has_value()) return reply(error_response(found.assume_error()));
        reply(answer(found.assume_value()));
    });
}

/// Answers with `body` once it says who holds the mount, or why that is not known.
void api::answer_with_holders(std::uint32_t id, json body, int status, const http_reply& reply) {
    find_why(io_, facts_.socket, id, [body = std::move(body), status, reply](const api_result<json>& found) mutable {
        const json known = found.has_value() ? found.assume_value() : json::object();
        for (const char* key : {"holders", "unseen", "unseen_kinds"}) body[key] = known.value(key, json());
        if (!found.has_value()) body["holders_unknown"] = found.assume_error().message;
        reply(answer(body, status));
    });
}

void api::wait(const http_request& r, const std::string& id, const http_reply& reply) {
    const auto timeout = timeout_of(r, {"state", "timeout_ms", "holders"});
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    const auto word = r.query.find("state");
    const auto wanted = word == r.query.end() ? std::nullopt : parse_milestone(word->second);
    if (!wanted)
        return reply(
            error_response(bad_request(fmt::format("'state' must be one of {}", fmt::join(milestone_words, ", ")))));
    const auto asked = r.query.find("holders");
    if (asked != r.query.end() && asked->second != "true" && asked->second != "false")
        return reply(error_response(bad_request("'holders' must be true or false")));
    const bool holders = asked == r.query.end() || asked->second == "true";
    served_mount* const m = mounts_.find(id);
    const auto v = m ? std::optional<mount_view>{} : mounts_.view(id);
    if (v) return reply(answer(to_json(*v)));  // gone: it has been through all of them
    if (!m) return reply(error_response(not_found(id)));
    const auto told = [this, number = m->id(), reply, wanted, holders](bool reached) {
        if (reached) return show(std::to_string(number), reply);
        const auto now = mounts_.view(std::to_string(number));
        const auto message = fmt::format("the mount is not {} yet", to_string(*wanted));
        json body{{"error", {{"code", "timed_out"}, {"message", message}, {"hint", ""}}},
                  {"mount", now ? to_json(*now) : json()}};
        if (!holders) return reply(answer(body, 408));
        answer_with_holders(number, std::move(body), 408, reply);
    };
    const auto give_up = mounts_.wait(*m, *wanted, timeout.assume_value(), told);
    if (r.hangup) r.hangup->then = give_up;
}

void api::wait_switch(const http_request& r, served_mount& m, const http_reply& reply) {
    const auto timeout = timeout_of(r, {"timeout_ms"});
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    const auto give_up =
        mounts_.wait_switch(m, timeout.assume_value(), [this, number = std::to_string(m.id()), reply](bool seen) {
            if (seen) return show(number, reply);
            const auto now = mounts_.view(number);
            reply(answer(
                {{"error", {{"code", "timed_out"}, {"message", "no switch of this mount is in flight"}, {"hint", ""}}},
                 {"mount", now ? to_json(*now) : json()}},
                408));
        });
    if (r.hangup) r.hangup->then = give_up;
}

void api::hold(const http_request& r, served_mount& m, const http_reply& reply) {
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

void api::unmount(const http_request& r, served_mount& m, const http_reply& reply) {
    const auto parsed = parse_umount(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    const auto u = parsed.assume_value();
    mounts_.unmount(m, u.lazy, u.force, [this, dir = m.dir(), number = m.id(), reply](int error) {
        if (error == 0) return show(std::to_string(number), reply);
        const auto why = fmt::format("cannot unmount {}: {}", dir, std::strerror(error));
        if (error == EBUSY) {
            json body{{"error", {{"code", "busy"}, {"message", why}, {"hint", "\"lazy\":true detaches it"}}}};
            return answer_with_holders(number, std::move(body), 409, reply);
        }
        if (error == ENOENT)
            return reply(error_response({404, "not_found", fmt::format("{} is not mounted here any more", dir), ""}));
        if (error == EXDEV)
            return reply(error_response(
                {409, "busy", fmt::format("another filesystem is mounted over {}", dir), "unmount that first"}));
        reply(error_response({500, "failed", why, ""}));
    });
}

}  // namespace drainlab::control
