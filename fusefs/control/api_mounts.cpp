// The endpoints that make mounts, show them and change them.
#include "fusefs/control/api.hpp"
#include "fusefs/control/api_answers.hpp"
#include "fusefs/control/mount_point.hpp"
#include "fusefs/control/views.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace drainlab::control {

using nlohmann::json;

namespace {

constexpr milliseconds look_up_limit{5'000};
constexpr std::size_t list_at_once = 32;  // a millisecond

}  // namespace

/// A list under way: of 4096 mounts that are gone, all at once, everybody else on the loop would wait for 0.3 s.
struct api::listing {
    std::vector<mount_view> all;
    http_reply reply;
    std::size_t next{};
    std::string text{R"({"mounts":[)"};
};

void api::list(const http_reply& reply) {
    list_some(std::make_shared<listing>(listing{.all = mounts_.views(), .reply = reply}));
}

void api::list_some(const std::shared_ptr<listing>& l) {
    for (const auto end = std::min(l->next + list_at_once, l->all.size()); l->next < end; ++l->next)
        l->text += (l->next > 0 ? "," : "") + text_of(to_json(l->all[l->next]));
    if (l->next < l->all.size()) return boost::asio::post(io_, [this, l] { list_some(l); });
    l->reply({200, std::move(l->text) + "]}"});
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
    request.place = cached_mount_point(dir);
    if (request.place && !request.store) return mounts_.create(std::move(request), made);  // it asks for itself
    if (auto error = mounts_.refuse(request)) return made(*std::move(error));  // before anybody looks anything up
    if (request.place) return check_store(std::move(request), made);
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

}  // namespace drainlab::control
