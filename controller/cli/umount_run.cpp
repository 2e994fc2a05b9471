#include "controller/cli/umount_run.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/holders_output.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/which_mount.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/daemons/leftovers.hpp"
#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/unmount.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

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
    unmounting(const umount_options& o, machine::mount_line mount, std::optional<client::blocking_client> daemon,
               json known, bool copied, clock::time_point begin)
        : o_(o),
          mount_(std::move(mount)),
          shown_(os::to_printable(mount_.dir)),
          daemon_(std::move(daemon)),
          known_(std::move(known)),
          copied_(copied),
          begin_(begin) {}

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
        if (known_.is_null() || (o_.lazy && !o_.wait)) return done(o_.lazy || copied_ ? "detached" : "removed");
        return follow();
    }

  private:
    milliseconds left() const {
        return std::chrono::ceil<milliseconds>(std::max(duration(0), o_.timeout - (clock::now() - begin_)));
    }

    machine::unmount_kind kind() const {
        return o_.lazy    ? machine::unmount_kind::lazy
               : o_.force ? machine::unmount_kind::force
                          : machine::unmount_kind::plain;
    }

    /// The system call, again and again while busy and --retry lasts.
    result<machine::unmount_outcome> call() {
        const auto until = begin_ + o_.retry;
        for (milliseconds pause(10);; pause = std::min(pause * 2, milliseconds(200))) {
            BOOST_OUTCOME_TRY(auto tried, machine::unmount(mount_.dir, kind(), left()));
            if (!tried.finished || tried.error != EBUSY || clock::now() >= until) return tried;
            std::this_thread::sleep_for(std::min<clock::duration>(pause, until - clock::now()));
        }
    }

    /// Waits for the superblock's death, telling from time to time who holds it.
    result<exit_code> follow() {
        const std::string id = id_of(known_);
        for (milliseconds slice(500);; slice = milliseconds(1000)) {
            auto now = daemon_->wait_state(id, "dead", std::min(slice, left()));
            if (now && is_it(now.value())) {
                known_ = now.value();
                return done("dead");
            }
            if (is_gone()) return done(has_been_killed() ? "removed" : "dead");
            if (!now && now.error().exit != exit_code::timed_out) return now.error();
            if (left() <= milliseconds(0)) return timed_out(false);
            if (!o_.json) tell_holders();
        }
    }

    /// Whether a MOUNT is the one meant: a daemon that has taken the place of another counts from 1 again.
    bool is_it(const json& mount) const {
        const auto meant = identity_of(known_);
        return !meant || os::is_same(identity_of(mount), meant);
    }

    /// A daemon ends in order after its last mount: who answers now, if anybody, has never heard of it.
    bool is_gone() const {
        const auto now = daemon_->get("/mounts/" + id_of(known_), milliseconds(2000));
        if (now) return !is_it(now.value());
        return now.error().code == "not_found" || nobody_there(now.error());
    }

    /// A daemon that ends in order takes its record along; one that was killed leaves it.
    bool has_been_killed() const { return access(daemons::state_beside(daemon_->socket()).c_str(), F_OK) == 0; }

    void tell_holders() {
        for (const auto& h : find().holders)
            if (told_.insert(machine::describe(h)).second) remark("still held by " + machine::describe(h));
    }

    machine::holders_found find() const {
        const bool named = machine::mount_at(machine::read_mountinfo(), mount_.dir).has_value();
        return machine::find_holders({mount_.major, mount_.minor, named ? mount_.dir : std::string(), mount_.dir});
    }

    result<exit_code> busy() {
        auto found = find();
        if (!found.any_blocks()) found = find();  // it may be a matter of microseconds
        std::string hint;
        if (o_.force)
            hint = "the connection is cut all the same: who holds it gets ENOTCONN, and drainfs detaches the name";
        for (const auto& h : found.holders)
            if (h.blocks_umount()) hint += (hint.empty() ? "" : "\n  ") + machine::describe(h);
        if (hint.empty()) hint = "no holder to be seen any more; --retry 2s tries again";
        if (found.unseen > 0) hint += "\n  " + machine::describe_unseen(found.unseen);
        for (const auto& k : found.unseen_kinds) hint += "\n  " + machine::describe(k);
        const failure why{"busy", shown_ + " is busy", hint, exit_code::busy, 0};
        return outcome("busy", found, why);
    }

    result<exit_code> timed_out(bool in_call) {
        refresh();
        std::string phase = in_call ? "call" : "detached";
        for (const char* p : phases)
            if (known_.is_object() && known_.value("phases_ns", json::object()).value(p, json()).is_number()) phase = p;
        const auto found = find();
        std::string hint =
            in_call ? "a child still waits in umount2(), as long as the drain does; `drainctl why` tells for what" : "";
        for (const auto& h : found.holders) hint += (hint.empty() ? "" : "\n  ") + ("held by " + machine::describe(h));
        const failure why{
            "timed_out",
            fmt::format("{} is not dead after {}; phase reached: {}", shown_, words::show_duration(o_.timeout), phase),
            hint, exit_code::timed_out, 0};
        return outcome("timed_out", found, why, phase);
    }

    result<exit_code> refused(const machine::unmount_outcome& tried) const {
        if (tried.error == EPERM)
            return failure{"denied",
                           shown_ + ": not allowed to unmount" + (tried.said.empty() ? "" : ": " + tried.said),
                           "be root, or the user who mounted it with fusermount3 installed", exit_code::cannot_run, 0};
        if (tried.error == EINVAL)
            return client::usage_error(
                shown_ + ": not a mount point of this mount namespace (any more), or locked by its owner");
        return client::system_failure(shown_, tried.error);
    }

    void refresh() {
        if (!daemon_ || known_.is_null()) return;
        auto now = daemon_->get("/mounts/" + id_of(known_), milliseconds(2000));
        if (now && is_it(now.value())) known_ = now.value();
    }

    result<exit_code> done(const char* how) {
        refresh();
        const auto violations = known_.is_object() ? known_.value("violations", json::array()) : json::array();
        if (!violations.empty()) {
            const failure why{"violated",
                              shown_ + ": " + violations[0].value("message", "an invariant was violated"),
                              {},
                              exit_code::violated,
                              0};
            return outcome(how, find(), why);
        }
        machine::holders_found held;
        if (o_.lazy && !o_.wait && state() == "detached") held = find();
        if (o_.json) {
            print_json(document(how, held, {}));
        } else {
            fmt::print("{} {}", shown_, how);
            if (const auto after = over_after(how)) fmt::print(" after {}", words::show_duration(*after));
            fmt::print("{}\n",
                       how == std::string_view("removed") ? ": its daemon was killed, when it died is not known" : "");
            for (const auto& h : held.holders) fmt::print("  still held by {}\n", machine::describe(h));
        }
        return exit_code::fine;
    }

    /// How long it took: until the call returned, and, if it is dead, until it was.
    std::optional<std::chrono::nanoseconds> over_after(std::string_view how) const {
        if (how == "removed") return std::nullopt;
        const json dead = known_.is_object() ? known_.value("phases_ns", json::object()).value("dead", json()) : json();
        if (how != "dead" || !dead.is_number() || !called_ || !returned_) return returned_;
        return std::max(*returned_, std::chrono::nanoseconds(dead.get<std::int64_t>()) - *called_);
    }

    std::string state() const { return known_.is_object() ? known_.value("state", "") : ""; }

    /// Prints an unhappy end and gives its exit code.
    exit_code outcome(const char* how, const machine::holders_found& found, const failure& why,
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

    json document(const char* how, const machine::holders_found& found, const std::string& phase) const {
        json doc = {{"schema", "drainlab.umount/1"},
                    {"dir", shown_},
                    {"result", how},
                    {"phase", phase.empty() ? json() : json(phase)},
                    {"phases_ms", phases_ms()},
                    {"holders", holders_document(found)},
                    {"unseen", found.unseen}};
        if (!found.unseen_kinds.empty()) doc["unseen_kinds"] = unseen_document(found);
        return doc;
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
    machine::mount_line mount_;
    std::string shown_;  ///< its mount point as text
    std::optional<client::blocking_client> daemon_;
    json known_;   ///< the daemon's MOUNT; null when no daemon answers for it
    bool copied_;  ///< it is a bind of the mount, or its copy in another namespace
    clock::time_point begin_;
    std::optional<std::chrono::nanoseconds> called_, returned_;
    std::set<std::string> told_;
};

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
