// The endpoints that unmount, make it last, and tell what is in its way.
#include "fusefs/control/api.hpp"
#include "fusefs/control/api_answers.hpp"
#include "fusefs/control/holders.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace drainlab::control {

using nlohmann::json;

namespace {

bool hung_task_panics() {
    std::ifstream in{"/proc/sys/kernel/hung_task_panic"};
    int value = 0;
    return in >> value && value != 0;
}

}  // namespace

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
