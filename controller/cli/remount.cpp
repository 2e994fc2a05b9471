#include "controller/cli/remount.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/machine/mountinfo.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

/// Of what a mount request asks: what the mount has otherwise and keeps.
std::vector<std::string> fixed_and_different(const json& wanted, const json& mount) {
    std::vector<std::string> names;
    for (const char* key : {"name", "store", "lose_unsynced", "allow_other", "with_pid"})
        if (wanted.contains(key) && wanted[key] != mount.value(key, json())) names.emplace_back(key);
    if (const auto wait = wanted.value("umount_wait", "auto"); wait != "auto" && wait != mount.value("umount_wait", ""))
        names.emplace_back("umount_wait");
    return names;
}

json changes(const json& wanted, const json& mount) {
    json patch = json::object();
    for (const char* key : {"policy", "page_cache", "umount_delay_ms"})
        if (wanted.contains(key)) patch[key] = wanted[key];
    if (wanted.contains("device")) {
        patch["device"] = mount.value("device", json::object());
        patch["device"]["latency_us"] = wanted["device"]["latency_us"];
    }
    return patch;
}

}  // namespace

result<json> remount(const std::string& dir, const std::string& socket, const mount_options& o) {
    if (!o.options.empty())
        return client::usage_error(
            "mount: --options does not go with --remount",
            "those are the kernel's: mount -o remount," + words::join(o.options, ",") + " " + dir);
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(socket));
    const auto line = machine::mount_at(machine::read_mountinfo(), dir);
    if (!line || !line->ours()) return client::usage_error("mount: no drainfs is mounted on " + dir);
    BOOST_OUTCOME_TRY(const auto mount, mount_on(daemon, *line, milliseconds(5'000)));
    if (mount.is_null())
        return client::usage_error(fmt::format("mount: another daemon than that on {} serves {}", daemon.socket(), dir),
                                   "name its socket: --socket");
    const json wanted = mount_request(dir, o);
    if (const auto names = fixed_and_different(wanted, mount); !names.empty())
        return client::usage_error(fmt::format("mount: {} cannot change while it is mounted", words::join(names)),
                                   "unmount it, and mount it anew");
    if (!o.faults.empty()) remark("its faults stay as they are: `drainctl fault " + dir + " list`");
    const json patch = changes(wanted, mount);
    if (patch.empty()) return mount;
    return daemon.patch("/mounts/" + id_of(mount), patch);
}

}  // namespace drainlab::cli
