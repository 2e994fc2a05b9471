#include "controller/cli/hold_drain.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/which_mount.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

namespace {

constexpr duration cap = std::chrono::seconds(60);

result<json> our_mount(const client::blocking_client& daemon, const std::string& dir) {
    const auto there = machine::mount_at(machine::read_mountinfo(), dir);
    if (!there || !there->ours()) return client::usage_error(dir + ": no drainfs is mounted there");
    BOOST_OUTCOME_TRY(auto mount, mount_on(daemon, *there, client::default_call_timeout));
    if (mount.is_null()) return client::usage_error(dir + ": not a mount of the daemon on " + daemon.socket());
    return mount;
}

/// To clear a hold also one whose name has gone: its unmount may be what waits.
result<json> held_mount(const client::blocking_client& daemon, const hold_options& o) {
    auto there = our_mount(daemon, o.dir);
    if (there || !o.clear) return there;
    BOOST_OUTCOME_TRY(auto all, ask(daemon, "/mounts"));
    auto known = which_mount(all.value("mounts", json::array()), o.dir);
    if (known && known.value().value("state", "") != "gone") return known;
    return there;
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
            fmt::format("hold: --for {} is more than {}", words::show_duration(*o.length), words::show_duration(cap)),
            "an unmount that waits longer looks hung to the kernel; --force allows it");
    if (machine::read_text("/proc/sys/kernel/hung_task_panic") == "1\n")
        return client::usage_error("hold: more than 60s is refused while kernel.hung_task_panic=1",
                                   "the waiting umount would panic the machine");
    return client::success();
}

result<exit_code> hold_drain(const hold_options& o) {
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    const auto& dir = o.dir;
    BOOST_OUTCOME_TRY(auto mount, held_mount(daemon, o));
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
        fmt::print(
            "{}: {} drain will take {} longer{}\n", dir, o.every ? "every" : "the next",
            words::show_duration(*o.length),
            mount.value("umount_wait", "") == "api" ? ", for which `drainctl umount` waits and nobody else" : "");
    return exit_code::fine;
}

}  // namespace drainlab::cli
