// drainctl mount DIR
#include "controller/cli/daemon.hpp"
#include "controller/cli/mount_options.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/remount.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    std::string dir, socket;
    mount_options mount;
    bool json = false, remount = false;
};

result<void> check(options& o) {
    BOOST_OUTCOME_TRY(check_mount_point(o.dir));
    BOOST_OUTCOME_TRY(check_store(o.mount));
    BOOST_OUTCOME_TRY(check_faults(o.mount));
    if (o.mount.own_directory && !o.mount.with_pid)
        return client::usage_error("--own-directory needs --with-pid: whose directory it is");
    if (o.mount.with_pid && machine::watched_process(static_cast<pid_t>(*o.mount.with_pid)).pidfd() < 0)
        return client::usage_error(fmt::format("--with-pid {}: there is no such process", *o.mount.with_pid));
    return client::success();
}

/// A running daemon keeps what it was started with: say so rather than ignore what was asked for.
result<void> agree(const json& health, const options& o) {
    const auto stem = [](const std::string& name) { return std::filesystem::path(name).stem().string(); };
    const std::string profile = health.value("profile", "");
    if (o.mount.profile && stem(profile) != stem(*o.mount.profile))
        return client::usage_error(
            fmt::format("--profile {}: the daemon that runs has the profile {}", *o.mount.profile, profile),
            "`drainctl stop` it first, or use another --socket");
    const auto linger = health.value("linger_ms", json());
    if (o.mount.linger && linger.is_number() &&
        linger.get<double>() != static_cast<double>(o.mount.linger->count()) / 1e6)
        remark(fmt::format("--linger: the daemon that runs keeps its {} ms", linger.get<double>()));
    return client::success();
}

/// As it is now, changed.
result<json> change(options& o, const std::string& socket, json& health) {
    BOOST_OUTCOME_TRY(check_faults(o.mount));
    if (o.mount.store) o.mount.store = machine::absolute_path(*o.mount.store);
    BOOST_OUTCOME_TRY(health, client::blocking_client(socket).get("/health"));
    BOOST_OUTCOME_TRY(agree(health, o));
    return remount(o.dir, socket, o.mount);
}

/// Again as long as the daemon takes its leave between our calls: who loses that race starts a new one.
result<json> make_mount(const std::string& socket, const daemons::daemon_options& start, const options& o,
                        json& health) {
    const client::blocking_client daemon(socket);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
        const bool last = std::chrono::steady_clock::now() > end;
        BOOST_OUTCOME_TRY(daemons::ensure_daemon(socket, start));
        auto known = daemon.get("/health");
        if (known) {
            BOOST_OUTCOME_TRY(agree(known.value(), o));
            const json pid = known.value().value("pid", json());
            const machine::watched_process process(pid.is_number_integer() ? pid.get<pid_t>() : 0);
            auto made = daemon.post("/mounts", mount_request(o.dir, o.mount));
            const bool leaving = !made && (nobody_there(made.error()) || made.error().code == "connection_lost" ||
                                           made.error().http_status == 503);
            health = known.value();
            if (!leaving || last) return made;
            process.gone_within(std::chrono::seconds(6));
        } else if (last || (!nobody_there(known.error()) && known.error().code != "connection_lost")) {
            return known;
        }
    }
}

json document(const json& mount, const json& health, const std::string& socket) {
    return {{"schema", "drainlab.mount/1"},
            {"dir", mount.value("dir", json())},
            {"dev", mount.value("dev", json())},
            {"identity", mount.value("identity", json())},
            {"pid", health.value("pid", json())},
            {"socket", socket},
            {"umount_wait", mount.value("umount_wait", json())},
            {"log", health.value("log", json())},
            {"id", mount.value("id", json())},
            {"name", mount.value("name", json())},
            {"policy", mount.value("policy", json())}};
}

result<json> make(options& o, const std::string& socket, json& health) {
    BOOST_OUTCOME_TRY(check(o));
    BOOST_OUTCOME_TRY(auto start, daemon_options_for(o.mount));
    return make_mount(socket, start, o, health);
}

result<exit_code> run(options& o) {
    o.dir = machine::absolute_path(o.dir);
    BOOST_OUTCOME_TRY(auto socket, daemons::socket_path(o.socket));
    json health;
    auto done = o.remount ? change(o, socket, health) : make(o, socket, health);
    BOOST_OUTCOME_TRY(const auto mount, std::move(done));
    for (const auto& limit : health.value("limits", json::array())) remark("warning: " + limit.get<std::string>());
    if (o.json)
        print_json(document(mount, health, socket));
    else
        fmt::print("{} {}mounted on {} (policy {}, umount waits by {})\n", mount.value("name", "?"),
                   o.remount ? "re" : "", os::to_printable(o.dir), mount.value("policy", "?"),
                   mount.value("umount_wait", "?"));
    return exit_code::fine;
}

}  // namespace

void declare_mount(command& c) {
    auto o = std::make_shared<options>();
    c.about("mount a drainfs on a directory, starting the daemon if none runs",
            "drainctl mount /mnt/a --policy persb --umount-delay 200ms");
    c.positional("DIR", o->dir, "an existing directory");
    declare_mount_options(c, o->mount);
    c.option("--with-pid", o->mount.with_pid, "unmount when this process ends", 1, INT32_MAX);
    c.option("--own-directory", o->mount.own_directory,
             "a directory made for the daemon that is started for this mount: it goes with it once the process of "
             "--with-pid is gone, with log, mount points and a file `lock` in it");
    c.option("--linger", o->mount.linger,
             "a daemon started for this mount lives so long after its last one (default 500ms; 0: for ever)");
    c.flag("--remount", o->remount,
           "change the mount that is there: policy, page cache, umount delay, device latency; all else has to be as it "
           "is");
    c.socket(o->socket).json_answer(o->json);
    c.note("The daemon runs in the background until its last mount is gone. `drainctl status` names its log.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
