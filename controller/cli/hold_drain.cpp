#include "controller/cli/hold_drain.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

namespace {

constexpr duration cap = std::chrono::seconds(60);

result<json> our_mount(const client::blocking_client& daemon, const std::string& dir) {
    const auto there = client::mount_at(client::read_mountinfo(), dir);
    if (!there || !there->ours()) return client::usage_error(dir + ": no drainfs is mounted there");
    BOOST_OUTCOME_TRY(auto mount, mount_on(daemon, dir, there->dev()));
    if (mount.is_null()) return client::usage_error(dir + ": not a mount of the daemon on " + daemon.socket());
    return mount;
}

}  // namespace

result<void> check_hold_drain(const hold_options& o) {
    if (o.clear) {
        if (o.length || o.every) return client::usage_error("hold: --clear goes without --for and --every");
        return client::success();
    }
    if (!o.length) return client::usage_error("hold: --for T is needed", "e.g. --for 5s");
    if (*o.length == duration(0))
        return client::usage_error("hold: --for 0 holds nothing", "--clear takes a hold back");
    if (*o.length <= cap) return client::success();
    if (!o.force)
        return client::usage_error(
            fmt::format("hold: --for {} is more than {}", client::show_duration(*o.length), client::show_duration(cap)),
            "an unmount that waits longer looks hung to the kernel; --force allows it");
    if (client::read_text("/proc/sys/kernel/hung_task_panic") == "1\n")
        return client::usage_error("hold: more than 60s is refused while kernel.hung_task_panic=1",
                                   "the waiting umount would panic the machine");
    return client::success();
}

result<exit_code> hold_drain(const hold_options& o) {
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    const auto dir = client::absolute_path(o.dir);
    BOOST_OUTCOME_TRY(auto mount, our_mount(daemon, dir));
    const std::string target = "/mounts/" + id_of(mount) + "/hold";
    if (o.clear) {
        BOOST_OUTCOME_TRY(daemon.del(target));
    } else {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*o.length).count();
        const json body{{"for_ms", ms}, {"every", o.every}, {"force", o.force}};
        BOOST_OUTCOME_TRY(daemon.post(target, body));
    }
    if (o.json)
        print_json({{"schema", "drainlab.hold/1"},
                    {"dir", dir},
                    {"by", "drain"},
                    {"armed", !o.clear},
                    {"for_ms", o.length ? json(static_cast<double>(o.length->count()) / 1e6) : json()},
                    {"every", o.every},
                    {"blocks_umount", false},
                    {"keeps_superblock", false}});
    else if (o.clear)
        fmt::print("{}: no hold any more\n", dir);
    else
        fmt::print("{}: {} drain will take {} longer\n", dir, o.every ? "every" : "the next",
                   client::show_duration(*o.length));
    return exit_code::fine;
}

}  // namespace drainlab::cli
