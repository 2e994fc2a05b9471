// drainctl with [mount options] -- CMD...
#include "controller/cli/foreground.hpp"
#include "controller/cli/mount_options.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/client.hpp"
#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/unmount.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds death_limit{60'000};

struct options {
    mount_options mount;
    std::optional<duration> timeout;
    std::string socket;
    std::vector<std::string> words;
};

/// Unmounts after the command: plainly, or lazily when something
/// it left behind still holds the mount. False after a violation.
bool take_down(const client::blocking_client& daemon, const machine::mount_line& mount, const std::string& id) {
    auto tried = machine::unmount(mount.dir, machine::unmount_kind::plain, death_limit);
    if (tried && tried.value().error == EBUSY) {
        for (const auto& h : machine::find_holders({mount.major, mount.minor, mount.dir}).holders)
            remark("detached lazily; still held by " + machine::describe(h));
        tried = machine::unmount(mount.dir, machine::unmount_kind::lazy, death_limit);
    } else if (const auto dead = daemon.wait_state(id, "dead", death_limit); !dead) {
        remark(dead.error().message);
    }
    if (!tried) remark(tried.error().message);
    const auto end = daemon.get("/mounts/" + id, milliseconds(5000));
    if (!end || end.value().value("violations", json::array()).empty()) return true;
    remark(end.value()["violations"][0].value("message", "an invariant was violated"));
    return false;
}

result<exit_code> run(options& o) {
    foreground signals;
    BOOST_OUTCOME_TRY(check_store(o.mount));
    BOOST_OUTCOME_TRY(check_faults(o.mount));
    BOOST_OUTCOME_TRY(auto start, daemon_options_for(o.mount));
    start.socket = o.socket;
    BOOST_OUTCOME_TRY(auto daemon, daemons::private_daemon::start(start));
    BOOST_OUTCOME_TRY(auto dir, daemon.make_directory("mnt"));
    const client::blocking_client api(daemon.socket());
    BOOST_OUTCOME_TRY(auto made, api.post("/mounts", mount_request(dir, o.mount)));
    const auto mount = machine::mount_at(machine::read_mountinfo(), dir);
    if (!mount) return failure{"failed", "the mount on " + dir + " is gone already", {}, exit_code::broken, 0};

    setenv("DRAINLAB_DIR", dir.c_str(), 1);
    setenv("DRAINLAB_SOCKET", daemon.socket().c_str(), 1);
    auto ended = signals.run(o.words, o.timeout);
    const bool clean = take_down(api, *mount, std::to_string(made.value("id", 0)));
    [[maybe_unused]] const auto stopped = daemon.stop(milliseconds(10'000));
    BOOST_OUTCOME_TRY(auto code, std::move(ended));
    if (code == 0 && !clean) return exit_code::violated;
    return static_cast<exit_code>(code);
}

}  // namespace

void declare_with(command& c) {
    auto o = std::make_shared<options>();
    c.about("run a command with a temporary mount that leaves nothing behind",
            "drainctl with --policy base --umount-delay 1s -- sh -c 'dd if=/dev/zero of=$DRAINLAB_DIR/f count=8'");
    declare_mount_options(c, o->mount);
    c.option("--timeout", o->timeout, "end the command after this: SIGTERM, then SIGKILL; exit 124");
    c.private_socket(o->socket);
    c.positionals("CMD", o->words, "the command and its words, behind --", 1);
    c.note(
        "The command finds the mount in $DRAINLAB_DIR and the private daemon's socket in $DRAINLAB_SOCKET. Exits as "
        "the command does: its code, or 128 + signal.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
