#include "controller/cli/mount_options.hpp"

#include "controller/cli/known.hpp"
#include "controller/client/data_dir.hpp"
#include "controller/client/mountinfo.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace drainlab::cli {

using nlohmann::json;

namespace {

std::int64_t milliseconds_of(duration d) { return std::chrono::ceil<std::chrono::milliseconds>(d).count(); }

/// Why the directory cannot be used, or nothing.
std::optional<failure> no_directory(const char* what, const std::string& path) {
    struct stat s {};
    if (stat(path.c_str(), &s) == 0) {
        if (S_ISDIR(s.st_mode)) return std::nullopt;
        return client::usage_error(fmt::format("{} {}: not a directory", what, path));
    }
    if (errno == ENOTCONN)
        return client::usage_error(fmt::format("{} {}: a mount whose daemon is dead", what, path),
                                   "`drainctl umount` or `drainctl clean` removes it");
    return client::usage_error(fmt::format("{} {}: {}", what, path, std::strerror(errno)),
                               errno == ENOENT ? "make the directory first: mkdir -p " + path : "");
}

std::optional<failure> on_drainfs(const char* what, const std::string& path) {
    const auto m = client::mount_containing(client::read_mountinfo(), path);
    if (!m || !m->ours()) return std::nullopt;
    return client::usage_error(fmt::format("{} {}: lies on the drainfs mount {}", what, path, m->dir),
                               "a daemon must not depend on its own mounts; choose a directory elsewhere");
}

}  // namespace

void declare_mount_options(command& c, mount_options& o) {
    c.option("--name", o.name, "the mount's name, shown as its source (default: made up)");
    c.option("--policy", o.policy, "the drain policy, see `drainctl list policies`").one_of(known_policies);
    c.option("--profile", o.profile, "a profile's name or file: what modelled waits come from");
    c.option("--store", o.store, "keep the files in this directory (default: in memory, gone at exit)");
    c.option("--page-cache", o.page_cache, "drop or keep clean pages").one_of({"drop", "keep"});
    c.option("--umount-delay", o.umount_delay, "every drain takes this much longer");
    c.option("--umount-wait", o.umount_wait, "how an unmount waits for its drain").one_of({"auto", "gate", "api"});
    c.flag("--allow-other", o.allow_other, "other users may use the mount");
    c.list("--options,-o", o.options, "mount options: ro, nosuid, nodev, noexec, noatime, sync, ...");
}

result<void> check_mount_point(const std::string& dir) {
    const auto there = client::mount_at(client::read_mountinfo(), dir);
    if (there && there->ours()) {
        struct stat s {};
        if (stat(dir.c_str(), &s) != 0 && errno == ENOTCONN) return *no_directory("mount point", dir);
        return client::usage_error(fmt::format("mount point {}: already a drainfs mount ({})", dir, there->source),
                                   "unmount it first: drainctl umount " + dir);
    }
    if (auto why = on_drainfs("mount point", dir)) return *why;
    if (auto why = no_directory("mount point", dir)) return *why;
    return client::success();
}

result<void> check_store(mount_options& o) {
    if (!o.store) return client::success();
    o.store = client::absolute_path(*o.store);
    if (auto why = on_drainfs("--store", *o.store)) return *why;
    if (auto why = no_directory("--store", *o.store)) return *why;
    return client::success();
}

json mount_request(const std::string& dir, const mount_options& o) {
    json body{{"dir", dir}};
    const auto add = [&](const char* key, const auto& value) {
        if (value) body[key] = *value;
    };
    add("name", o.name);
    add("policy", o.policy);
    add("store", o.store);
    add("page_cache", o.page_cache);
    add("umount_wait", o.umount_wait);
    add("with_pid", o.with_pid);
    if (o.umount_delay) body["umount_delay_ms"] = milliseconds_of(*o.umount_delay);
    if (o.allow_other) body["allow_other"] = true;
    if (!o.options.empty()) body["options"] = o.options;
    return body;
}

result<client::daemon_options> daemon_options_for(const mount_options& o) {
    client::daemon_options d;
    if (o.profile) {
        BOOST_OUTCOME_TRY(auto file, client::data_file("profiles", *o.profile));
        d.profile = std::move(file);
    }
    if (o.linger) d.linger = std::chrono::ceil<std::chrono::milliseconds>(*o.linger);
    return d;
}

}  // namespace drainlab::cli
