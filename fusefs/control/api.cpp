// Which endpoint a request means.
#include "fusefs/control/api.hpp"

#include "fusefs/control/api_answers.hpp"
#include "fusefs/control/views.hpp"

#include <fmt/format.h>

namespace drainlab::control {

api_error not_found(const std::string& id) {
    return {404, "not_found", fmt::format("no mount '{}' is alive here", id), "GET /mounts lists them"};
}

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

}  // namespace drainlab::control
