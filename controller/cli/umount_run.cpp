#include "controller/cli/umount_run.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/holders.hpp"
#include "controller/client/leftovers.hpp"
#include "controller/client/mountinfo.hpp"
#include "controller/client/unmount.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <set>
#include <thread>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

namespace {

constexpr const char* phases[] = {"detached", "drain_begins", "drained", "dead"};

/// One unmount from the call to its last word.
class unmounting {
  public:
    unmounting(const umount_options& o, client::mount_line mount, std::optional<client::blocking_client> daemon,
               json known)
        : o_(o), mount_(std::move(mount)), daemon_(std::move(daemon)), known_(std::move(known)), begin_(clock::now()) {}

    result<exit_code> run() {
        BOOST_OUTCOME_TRY(auto tried, call());
        if (!tried.finished) {
            called_ = begin_.time_since_epoch();  // as good as: the child that knows still waits
            return timed_out(true);
        }
        if (tried.error == EBUSY) return busy();
        if (tried.error != 0) return refused(tried);
        called_ = tried.started;
        returned_ = tried.took;
        if (known_.is_null() || (o_.lazy && !o_.wait)) return done(o_.lazy ? "detached" : "dead");
        return follow();
    }

  private:
    milliseconds left() const {
        return std::chrono::ceil<milliseconds>(std::max(duration(0), o_.timeout - (clock::now() - begin_)));
    }

    client::unmount_kind kind() const {
        return o_.lazy    ? client::unmount_kind::lazy
               : o_.force ? client::unmount_kind::force
                          : client::unmount_kind::plain;
    }

    /// The system call, again and again while busy and --retry lasts.
    result<client::unmount_outcome> call() {
        const auto until = begin_ + o_.retry;
        for (milliseconds pause(10);; pause = std::min(pause * 2, milliseconds(200))) {
            BOOST_OUTCOME_TRY(auto tried, client::unmount(mount_.dir, kind(), left()));
            if (!tried.finished || tried.error != EBUSY || clock::now() >= until) return tried;
            std::this_thread::sleep_for(std::min<clock::duration>(pause, until - clock::now()));
        }
    }

    /// Waits for the superblock's death, telling from time to time who holds it.
    result<exit_code> follow() {
        const std::string id = id_of(known_);
        for (milliseconds slice(500);; slice = milliseconds(1000)) {
            auto now = daemon_->wait_state(id, "dead", std::min(slice, left()));
            if (now) {
                known_ = now.value();
                return done("dead");
            }
            if (now.error().exit != exit_code::timed_out) return daemon_lost(now.error());
            if (left() <= milliseconds(0)) return timed_out(false);
            if (!o_.json) tell_holders();
        }
    }

    /// A daemon that ends in order removes its socket: then everything is dead.
    result<exit_code> daemon_lost(const failure& why) {
        if (access(daemon_->socket().c_str(), F_OK) != 0 && errno == ENOENT) return done("dead");
        return why;
    }

    void tell_holders() {
        for (const auto& h : find().holders)
            if (told_.insert(client::describe(h)).second) remark("still held by " + client::describe(h));
    }

    client::holders_found find() const {
        const bool named = client::mount_at(client::read_mountinfo(), mount_.dir).has_value();
        return client::find_holders({mount_.major, mount_.minor, named ? mount_.dir : std::string()});
    }

    result<exit_code> busy() {
        auto found = find();
        if (found.holders.empty()) found = find();  // it may be a matter of microseconds
        std::string hint;
        if (o_.force)
            hint = "the connection is cut all the same: who holds it gets ENOTCONN, and drainfs detaches the name";
        for (const auto& h : found.holders)
            if (h.blocks_umount()) hint += (hint.empty() ? "" : "\n  ") + client::describe(h);
        if (hint.empty()) hint = "no holder to be seen any more; --retry 2s tries again";
        if (found.unseen > 0) hint += "\n  " + client::describe_unseen(found.unseen);
        const failure why{"busy", mount_.dir + " is busy", hint, exit_code::busy, 0};
        return outcome("busy", found, why);
    }

    result<exit_code> timed_out(bool in_call) {
        refresh();
        std::string phase = in_call ? "call" : "detached";
        for (const char* p : phases)
            if (known_.is_object() && known_.value("phases_ns", json::object()).value(p, json()).is_number()) phase = p;
        const auto found = find();
        std::string hint = in_call ? "a child still waits in umount2(); it ends with the drain" : "";
        for (const auto& h : found.holders) hint += (hint.empty() ? "" : "\n  ") + ("held by " + client::describe(h));
        const failure why{"timed_out",
                          fmt::format("{} is not dead after {}; phase reached: {}", mount_.dir,
                                      client::show_duration(o_.timeout), phase),
                          hint, exit_code::timed_out, 0};
        return outcome("timed_out", found, why, phase);
    }

    result<exit_code> refused(const client::unmount_outcome& tried) const {
        if (tried.error == EPERM)
            return failure{"denied",
                           mount_.dir + ": not allowed to unmount" + (tried.said.empty() ? "" : ": " + tried.said),
                           "be root, or the user who mounted it with fusermount3 installed", exit_code::cannot_run, 0};
        if (tried.error == EINVAL)
            return client::usage_error(
                mount_.dir + ": not a mount point of this mount namespace (any more), or locked by its owner");
        return client::system_failure(mount_.dir, tried.error);
    }

    void refresh() {
        if (!daemon_ || known_.is_null()) return;
        if (auto now = daemon_->get("/mounts/" + id_of(known_), milliseconds(2000))) known_ = now.value();
    }

    result<exit_code> done(const char* how) {
        refresh();
        const auto violations = known_.is_object() ? known_.value("violations", json::array()) : json::array();
        if (!violations.empty()) {
            const failure why{"violated",
                              mount_.dir + ": " + violations[0].value("message", "an invariant was violated"),
                              {},
                              exit_code::violated,
                              0};
            return outcome(how, find(), why);
        }
        client::holders_found held;
        if (o_.lazy && !o_.wait && state() == "detached") held = find();
        if (o_.json) {
            print_json(document(how, held, {}));
        } else {
            fmt::print("{} {}", mount_.dir, how);
            if (const auto after = over_after(how)) fmt::print(" after {}", client::show_duration(*after));
            fmt::print("\n");
            for (const auto& h : held.holders) fmt::print("  still held by {}\n", client::describe(h));
        }
        return exit_code::fine;
    }

    /// How long it took: until the call returned, and, if it is dead, until it was.
    std::optional<std::chrono::nanoseconds> over_after(std::string_view how) const {
        const json dead = known_.is_object() ? known_.value("phases_ns", json::object()).value("dead", json()) : json();
        if (how != "dead" || !dead.is_number() || !called_ || !returned_) return returned_;
        return std::max(*returned_, std::chrono::nanoseconds(dead.get<std::int64_t>()) - *called_);
    }

    std::string state() const { return known_.is_object() ? known_.value("state", "") : ""; }

    /// Prints an unhappy end and gives its exit code.
    exit_code outcome(const char* how, const client::holders_found& found, const failure& why,
                      const std::string& phase = {}) const {
        if (!o_.json) {
            report(why, false);
            return why.exit;
        }
        auto doc = document(how, found, phase);
        doc["error"] = error_document(why)["error"];
        print_json(doc);
        return why.exit;
    }

    json document(const char* how, const client::holders_found& found, const std::string& phase) const {
        json held = json::array();
        for (const auto& h : found.holders)
            held.push_back({{"pid", h.pid ? json(h.pid) : json()},
                            {"comm", h.comm},
                            {"kind", h.kind},
                            {"path", h.path},
                            {"mntns", h.mntns},
                            {"blocks_umount", h.blocks_umount()}});
        return {{"schema", "drainlab.umount/1"},
                {"dir", mount_.dir},
                {"result", how},
                {"phase", phase.empty() ? json() : json(phase)},
                {"phases_ms", phases_ms()},
                {"holders", held},
                {"unseen", found.unseen}};
    }

    /// Milliseconds since the call; null where a phase was not seen.
    json phases_ms() const {
        json ms = json::object();
        const json ns = known_.is_object() ? known_.value("phases_ns", json::object()) : json::object();
        for (const char* p : phases) {
            const json at = ns.value(p, json());
            ms[p] = at.is_number() && called_
                        ? json(static_cast<double>(at.get<std::int64_t>() - called_->count()) / 1e6)
                        : json();
        }
        ms["returned"] = returned_ ? json(static_cast<double>(returned_->count()) / 1e6) : json();
        return ms;
    }

    const umount_options& o_;
    client::mount_line mount_;
    std::optional<client::blocking_client> daemon_;
    json known_;  ///< the daemon's MOUNT; null when no daemon answers for it
    clock::time_point begin_;
    std::optional<std::chrono::nanoseconds> called_, returned_;
    std::set<std::string> told_;
};

/// The mount to leave; it must be ours and on top.
result<client::mount_line> mount_to_leave(const std::string& dir) {
    const auto there = client::mount_at(client::read_mountinfo(), dir);
    if (!there) return client::usage_error(dir + ": nothing is mounted there");
    if (!there->ours())
        return client::usage_error(
            fmt::format("{}: a mount of type {}, not one of ours (fuse.drainfs)", dir, there->fstype), "use umount(8)");
    return *there;
}

/// A living mount that the daemon on our socket, if there is one, does not know: nobody could tell when it is dead.
failure served_elsewhere(const std::string& dir, const client::blocking_client& daemon, const result<json>& known) {
    failure why{
        "not_found", fmt::format("the daemon on {} does not serve {}", daemon.socket(), dir), {}, exit_code::usage, 0};
    if (!known) why = known.error();
    why.hint = fmt::format("another daemon serves {}: name its socket (--socket), or use umount(8)", dir);
    return why;
}

}  // namespace

void declare_umount_options(command& c, umount_options& o) {
    c.positional("DIR", o.dir, "the mount point");
    c.flag("--wait", o.wait, "after a lazy detach, wait until the superblock is dead");
    c.option("--timeout", o.timeout, "give up waiting after this (default 60s)");
    c.socket(o.socket).json_answer(o.json);
}

result<exit_code> run_umount(umount_options& o) {
    o.dir = client::absolute_path(o.dir);
    BOOST_OUTCOME_TRY(auto socket, daemon_on(o.socket));
    if (chdir("/") != 0) return client::system_failure("/", errno);  // not to be a holder ourselves
    BOOST_OUTCOME_TRY(auto mount, mount_to_leave(o.dir));
    auto known = mount_on(socket, mount.dir, mount.dev());
    if (!known && !nobody_there(known.error())) return known.error();
    const bool served = known && !known.value().is_null();
    if (!served && !client::connection_is_dead(mount.dir)) return served_elsewhere(mount.dir, socket, known);
    if (!served && !o.json) remark(mount.dir + ": no daemon answers for it on this socket; only the mount is removed");
    return unmounting(o, mount, served ? std::optional(socket) : std::nullopt, served ? known.value() : json()).run();
}

}  // namespace drainlab::cli
