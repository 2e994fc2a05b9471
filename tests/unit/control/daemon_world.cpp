#include "tests/unit/control/daemon_world.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/rcu_engine.hpp"

#include <catch2/catch.hpp>

#include <linux/fuse.h>

#include <unistd.h>

namespace drainlab::control::test {

using nlohmann::json;

mount_request request_on(const std::string& dir, const std::string& name) {
    mount_request r;
    r.dir = dir;
    r.name = name;
    return r;
}

daemon_world::daemon_world(milliseconds drain_limit, std::shared_ptr<owner_record> record)
    : rcu{kernel::make_rcu(sched, machine, profile)}, host{sched, machine, *rcu, profile} {
    stores_back.assign(dup(stores.finished_fd()));
    hear_from_stores();
    const mount_calls calls{
        [this](const auto& options, auto& out, auto& error) { return kernel_side.make(options, out, error); },
        [](const auto&, auto&) {}};
    const mount_parts parts{io, host, env, stores, events, watch, drain_limit, std::move(record), calls};
    mount_defaults defaults;
    defaults.policy = kernel::find_drain_policy("persb");
    mounts = std::make_unique<served_mounts>(
        parts, defaults,
        served_mounts::callbacks{[this] { ++empties; },
                                 [this](const std::string&, const std::string&) { return off_limits; }});
    counters = std::make_unique<counter_book>(host, *mounts, lag);
    daemon_facts facts;
    facts.profile = profile.name;
    facts.identity = "session";
    facts.memcg_death = [] { return std::string{"poll"}; };
    facts.socket = "/nowhere/d.sock";
    facts.limits = {"a limit"};
    const auto end = [this](milliseconds timeout, auto answer) {
        if (refuse_stop) return false;
        stops.push_back(timeout);
        answer(outcome);
        return true;
    };
    endpoints = std::make_unique<control::api>(*mounts, *counters, watch, sched, io, std::move(facts), end);
    watch.on_open = [this](std::uint32_t id) {
        if (const auto it = line.find(id); it != line.end()) it->second.end();
    };
}

daemon_world::~daemon_world() {
    watch.on_open = nullptr;
    mounts->abandon_all();
    sched.drop_all();
}

void daemon_world::hear_from_stores() {
    stores_back.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const auto& error) {
        if (error) return;
        stores.run_finished();
        hear_from_stores();
    });
}

api_result<mount_view> daemon_world::mount(mount_request r) {
    std::optional<api_result<mount_view>> got;
    mounts->create(std::move(r), [&](api_result<mount_view> m) { got.emplace(std::move(m)); });
    until([&] { return got.has_value(); });
    if (got->has_value()) {
        const auto id = got->assume_value().id;
        auto& mine = line.emplace(id, kernel_side.accept()).first->second;
        fuse_init_in init{};
        init.major = FUSE_KERNEL_VERSION;
        init.minor = 36;
        const auto number = mine.ask(FUSE_INIT, 0, {reinterpret_cast<const char*>(&init), sizeof init});
        until([&] { return mine.hear().number == number; });
    }
    return *std::move(got);
}

served_mount& daemon_world::mounted(const std::string& name, mount_request r) {
    if (r.dir.empty()) r.dir = "/proc";
    r.name = name;
    const auto made = mount(std::move(r));
    REQUIRE(made.has_value());
    served_mount* const m = mounts->find(name);
    REQUIRE(m);
    return *m;
}

void daemon_world::gone(std::uint32_t id) {
    until([&] { return mounts->view("id:" + std::to_string(id))->state == mount_state::gone; });
}

void daemon_world::send(const std::string& method, const std::string& target, const std::string& body,
                        std::shared_ptr<http_hangup> hangup) {
    http_request r;
    r.method = method;
    r.body = body;
    r.hangup = std::move(hangup);
    REQUIRE(parse_target(target, r));
    reply.reset();
    endpoints->handle(r, [this](http_response response) { reply = std::move(response); });
}

json daemon_world::ask(const std::string& method, const std::string& target, const json& body) {
    send(method, target, body.is_null() ? std::string{} : body.dump());
    until([&] { return reply.has_value(); });
    status = reply->status;
    return json::parse(reply->body, nullptr, false);
}

}  // namespace drainlab::control::test
