#include "controller/cli/umount_run.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/unmounting.hpp"
#include "controller/cli/which_mount.hpp"
#include "controller/machine/mountinfo.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

namespace {

/// The mount to leave; it must be ours and on top.
result<machine::mount_line> mount_to_leave(const std::string& dir) {
    const auto table = machine::read_mountinfo();
    const auto shown = os::to_printable(dir);
    const auto there = machine::mount_at(table, dir);
    if (there && there->ours()) return *there;
    for (const auto& m : table)
        if (m.ours() && m.dir == dir)
            if (const auto cover = os::covering(table, m))
                return client::usage_error(fmt::format("{}: covered by a {} that is mounted on {}", shown,
                                                       cover->fstype, os::to_printable(cover->dir)),
                                           "it is not ours to remove: umount(8) that first");
    if (!there) {
        auto why = client::usage_error(shown + ": nothing is mounted there");
        why.code = "not_mounted";
        return why;
    }
    return client::usage_error(
        fmt::format("{}: a mount of type {}, not one of ours (fuse.drainfs)", shown, there->fstype), "use umount(8)");
}

/// A living mount that the daemon on our socket, if there is one, does not know: nobody could tell when it is dead.
failure served_elsewhere(const std::string& dir, const client::blocking_client& daemon, const result<json>& known) {
    failure why{"not_found",
                fmt::format("the daemon on {} does not serve {}", daemon.socket(), os::to_printable(dir)),
                {},
                exit_code::usage,
                0};
    if (!known) why = known.error();
    why.hint =
        fmt::format("another daemon serves {}: name its socket (--socket), or use umount(8)", os::to_printable(dir));
    return why;
}

/// With --if-mounted, what is gone is as it should be.
result<exit_code> not_mounted(const umount_options& o, const failure& why) {
    if (!o.if_mounted || why.code != "not_mounted") return why;
    if (o.json)
        print_json({{"schema", "drainlab.umount/1"},
                    {"dir", os::to_printable(o.dir)},
                    {"result", "not_mounted"},
                    {"phase", nullptr},
                    {"phases_ms", json::object()},
                    {"holders", json::array()},
                    {"unseen", 0}});
    else
        remark(why.message);
    return exit_code::fine;
}

}  // namespace

void declare_umount_options(command& c, umount_options& o) {
    c.positional("DIR", o.dir, "the mount point, or the mount's name, id or MAJ:MIN");
    c.flag("--if-mounted", o.if_mounted, "what is not mounted (any more) is no error: exit 0");
    c.flag("--wait", o.wait, "after a lazy detach, wait until the superblock is dead");
    c.option("--timeout", o.timeout, "give up waiting after this (default 60s)");
    c.socket(o.socket).json_answer(o.json);
}

result<exit_code> run_umount(umount_options& o) {
    auto place = which_place(o.dir, o.socket);
    if (!place) return not_mounted(o, place.error());
    o.dir = place.value();
    BOOST_OUTCOME_TRY(auto socket, daemon_on(o.socket));
    if (chdir("/") != 0) return client::system_failure("/", errno);  // not to be a holder ourselves
    auto found = mount_to_leave(o.dir);
    if (!found) return not_mounted(o, found.error());
    const auto mount = found.value();
    const auto begin = clock::now();
    bool copied = false;
    auto known = mount_on(socket, mount, std::chrono::ceil<milliseconds>(o.timeout), &copied);
    if (!known && !nobody_there(known.error())) return not_answering(socket.socket(), known.error());
    const bool served = known && !known.value().is_null();
    if (!served && !copied && !os::connection_is_dead(mount)) return served_elsewhere(mount.dir, socket, known);
    if (copied && !o.json)
        remark(os::to_printable(mount.dir) + " is a copy of a mount: the copy is removed, the mount lives on");
    else if (!served && !o.json)
        remark(os::to_printable(mount.dir) + ": no daemon answers for it on this socket; only the mount is removed");
    return unmounting(o, mount, served ? std::optional(socket) : std::nullopt, served ? known.value() : json(), copied,
                      begin)
        .run();
}

}  // namespace drainlab::cli
