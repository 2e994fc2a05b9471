// Faults by operation, over the API.
#include "fusefs/control/api.hpp"
#include "fusefs/control/api_answers.hpp"
#include "fusefs/control/views.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>

namespace drainlab::control {

using nlohmann::json;

namespace {

api_error no_rule(const std::string& name, const mount_view& v) {
    std::vector<std::string> names;
    for (const auto& f : v.faults) names.push_back(f.asked.name);
    return {404, "not_found", fmt::format("no fault is called '{}'", name),
            names.empty() ? "there is none at all" : fmt::format("there are: {}", fmt::join(names, ", "))};
}

bool has_rule(const mount_view& v, const std::string& name) {
    for (const auto& f : v.faults)
        if (f.asked.name == name) return true;
    return false;
}

json all_faults(const mount_view& v) {
    json all = json::array();
    for (const auto& f : v.faults) all.push_back(to_json(f));
    return {{"faults", all}};
}

}  // namespace

bool api::handle_faults(const http_request& r, const parts& p, const http_reply& reply) {
    const auto fail = [&](const api_error& e) { return reply(error_response(e)), true; };
    if (p.size() == 3 && r.method == "GET") {
        const auto v = mounts_.view(p[1]);
        return v ? (reply(answer(all_faults(*v))), true) : fail(not_found(p[1]));
    }
    const bool adds = p.size() == 3 && r.method == "POST";
    const bool clears = (p.size() == 3 || p.size() == 4) && r.method == "DELETE";
    const bool releases = p.size() == 4 && p[3] == "release" && r.method == "POST";
    if (!adds && !clears && !releases) return false;
    served_mount* const m = mounts_.find(p[1]);
    if (!m) return fail(not_found(p[1]));
    if (adds) return add_fault(r, *m, reply), true;
    const auto named = releases ? parse_fault_release(r.body) : api_result<std::string>{p.size() == 4 ? p[3] : ""};
    if (!named.has_value()) return fail(named.assume_error());
    const std::string& name = named.assume_value();
    if (!name.empty() && !has_rule(m->view(), name)) return fail(no_rule(name, m->view()));
    const std::size_t count = releases ? m->release_faults(name) : m->clear_faults(name);
    reply(answer({{releases ? "released" : "cleared", count}}));
    return true;
}

void api::power_cut(const http_request& r, served_mount& m, const http_reply& reply) {
    if (!r.body.empty() && r.body != "{}") return reply(error_response(bad_request("a power cut takes no words")));
    if (!m.loses_unsynced())
        return reply(error_response({409, "not_lossy",
                                     fmt::format("the mount '{}' was not made to lose what is not synced", m.name()),
                                     "mount it with lose_unsynced (drainctl mount --lose-unsynced)"}));
    m.power_cut([reply](const std::optional<std::vector<lost_file>>& lost) {
        if (!lost) return reply(error_response({409, "busy", "the mount is going away: all is being synced", ""}));
        json files = json::array();
        std::uint64_t bytes = 0;
        for (const auto& f : *lost) {
            bytes += f.bytes;
            files.push_back({{"path", os::to_printable(f.path)}, {"bytes", f.bytes}});
        }
        reply(answer({{"dropped_bytes", bytes}, {"files", files}}));
    });
}

void api::add_fault(const http_request& r, served_mount& m, const http_reply& reply) {
    const auto parsed = parse_fault(r.body);
    if (!parsed.has_value()) return reply(error_response(parsed.assume_error()));
    constexpr std::size_t most = 100;
    if (m.view().faults.size() >= most)
        return reply(error_response(bad_request(fmt::format("the mount has {} faults already", most))));
    if (m.state() != mount_state::live && m.state() != mount_state::detached)
        return reply(error_response({409, "busy", "the mount is going away: no fault reaches it any more", ""}));
    if (!m.add_fault(parsed.assume_value()))
        return reply(error_response(bad_request(fmt::format("there is a fault called '{}'", parsed.assume_value().name),
                                                "clear it first, or choose another name")));
    reply(answer(to_json(m.view().faults.back()), 201));
}

}  // namespace drainlab::control
