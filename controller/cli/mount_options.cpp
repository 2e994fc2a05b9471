#include "controller/cli/mount_options.hpp"

#include "controller/cli/fault_rule.hpp"
#include "controller/cli/known.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/os/process_identity.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace drainlab::cli {

using nlohmann::json;

namespace {

std::int64_t milliseconds_of(duration d) { return std::chrono::ceil<std::chrono::milliseconds>(d).count(); }

/// Why the directory cannot be used, or nothing.
std::optional<failure> no_directory(const char* what, const std::string& path) {
    struct statx s {};  // not one that asks the filesystem: its daemon may be stopped
    if (statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE, &s) == 0) {
        if (S_ISDIR(s.stx_mode)) return std::nullopt;
        return client::usage_error(fmt::format("{} {}: not a directory", what, path));
    }
    if (errno == ENOTCONN)
        return client::usage_error(fmt::format("{} {}: a mount whose daemon is dead", what, path),
                                   "`drainctl umount` or `drainctl clean` removes it");
    return client::usage_error(fmt::format("{} {}: {}", what, path, std::strerror(errno)),
                               errno == ENOENT ? "make the directory first: mkdir -p " + path : "");
}

std::optional<failure> on_drainfs(const char* what, const std::string& path) {
    const auto m = machine::mount_containing(machine::read_mountinfo(), path);
    if (!m || !m->ours()) return std::nullopt;
    return client::usage_error(fmt::format("{} {}: lies on the drainfs mount {}", what, path, m->dir),
                               "a daemon must not depend on its own mounts; choose a directory elsewhere");
}

}  // namespace

void declare_mount_options(command& c, mount_options& o) {
    c.option("--name", o.name, "the mount's name, shown as its source (default: made up)");
    c.option("--policy", o.policy, "the drain policy, see `drainctl list policies` (default: that of the daemon, base)")
        .one_of(known_policies);
    c.option("--profile", o.profile, "a profile's name or file: what modelled waits come from (default qemu-16vcpu)");
    c.option("--store", o.store, "keep the files in this directory (default: in memory, gone at exit)");
    c.option("--page-cache", o.page_cache, "drop or keep clean pages (default drop)").one_of({"drop", "keep"});
    c.option("--umount-delay", o.umount_delay, "every drain takes this much longer (default 0s)");
    c.option("--device-latency", o.device_latency,
             "each request to the emulated device takes this much longer: data, names and attributes (default 0s)");
    c.option("--umount-wait", o.umount_wait, "how an unmount waits for its drain (default auto)")
        .one_of({"auto", "gate", "api"});
    c.flag("--allow-other", o.allow_other, "other users may use the mount");
    c.flag("--lose-unsynced", o.lose_unsynced,
           "what is written stays in the cache until it is synced; `drainctl fault DIR power-cut` drops what was not");
    c.repeated("--fault", o.faults,
               "a fault by operation from the start: op=write,errno=ENOSPC (see `drainctl fault --help`)");
    c.list("--options,-o", o.options, "mount options: ro, nosuid, nodev, noexec, noatime, sync, ...");
}

result<void> check_mount_point(const std::string& dir) {
    const auto there = machine::mount_at(machine::read_mountinfo(), dir);
    if (there && there->ours()) {
        if (os::connection_is_dead(*there))
            return client::usage_error(fmt::format("mount point {}: a mount whose daemon is dead", dir),
                                       "`drainctl umount` or `drainctl clean` removes it");
        return client::usage_error(fmt::format("mount point {}: already a drainfs mount ({})", dir, there->source),
                                   "unmount it first: drainctl umount " + dir);
    }
    if (auto why = on_drainfs("mount point", dir)) return *why;
    if (auto why = no_directory("mount point", dir)) return *why;
    return client::success();
}

result<void> check_store(mount_options& o) {
    if (!o.store) return client::success();
    o.store = machine::absolute_path(*o.store);
    if (auto why = on_drainfs("--store", *o.store)) return *why;
    if (auto why = no_directory("--store", *o.store)) return *why;
    return client::success();
}

result<void> check_faults(mount_options& o) {
    o.fault_rules = json::array();
    for (const auto& text : o.faults) {
        BOOST_OUTCOME_TRY(auto rule, parse_fault_rule("--fault", text));
        o.fault_rules.push_back(std::move(rule));
    }
    return client::success();
}

json mount_request(const std::string& dir, const mount_options& o) {
    json body{{"dir", os::to_printable(dir)}};
    const auto add = [&](const char* key, const auto& value) {
        if (value) body[key] = *value;
    };
    const auto add_seen = [&](const char* key, const std::string& path) {
        const os::unique_fd there{open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (const auto seen = there ? os::look_at(there.get()) : std::nullopt)
            body[key] = {{"unique_id", seen->unique_id != 0 ? json(seen->unique_id) : json()},
                         {"mount_namespace", seen->mount_namespace},
                         {"inode", seen->inode}};
    };
    add_seen("seen", dir);
    if (o.store) add_seen("store_seen", *o.store);
    if (o.name) body["name"] = os::to_printable(*o.name);
    if (o.store) body["store"] = os::to_printable(*o.store);
    add("policy", o.policy);
    add("page_cache", o.page_cache);
    add("umount_wait", o.umount_wait);
    add("with_pid", o.with_pid);
    if (o.with_pid) {
        const auto who = os::identify_process(static_cast<pid_t>(*o.with_pid));
        body["with_pid_seen"] = {{"start_time", who.start_time}, {"pid_namespace", who.pid_namespace}};
    }
    if (o.umount_delay) body["umount_delay_ms"] = milliseconds_of(*o.umount_delay);
    if (o.device_latency)
        body["device"] = {{"latency_us", std::chrono::ceil<std::chrono::microseconds>(*o.device_latency).count()}};
    if (o.allow_other) body["allow_other"] = true;
    if (o.lose_unsynced) body["lose_unsynced"] = true;
    if (!o.options.empty()) body["options"] = o.options;
    if (!o.fault_rules.empty()) body["faults"] = o.fault_rules;
    return body;
}

result<daemons::daemon_options> daemon_options_for(const mount_options& o) {
    daemons::daemon_options d;
    if (o.profile) {
        BOOST_OUTCOME_TRY(auto file, words::data_file("profiles", *o.profile));
        d.profile = std::move(file);
    }
    if (o.own_directory) {
        d.own_directory = machine::absolute_path(*o.own_directory);
        d.owner = static_cast<pid_t>(o.with_pid.value_or(0));
    }
    if (o.linger) d.linger = std::chrono::ceil<std::chrono::milliseconds>(*o.linger);
    return d;
}

}  // namespace drainlab::cli
