#include "controller/cli/unmounting.hpp"

#include "controller/cli/output.hpp"
#include "controller/daemons/launch.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <unistd.h>

namespace drainlab::cli {

using std::chrono::milliseconds;

unmounting::unmounting(const umount_options& o, machine::mount_line mount,
                       std::optional<client::blocking_client> daemon, json known, bool copied, clock::time_point begin)
    : o_(o),
      mount_(std::move(mount)),
      shown_(os::to_printable(mount_.dir)),
      daemon_(std::move(daemon)),
      known_(std::move(known)),
      copied_(copied),
      begin_(begin) {}

result<exit_code> unmounting::run() {
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

milliseconds unmounting::left() const {
    return std::chrono::ceil<milliseconds>(std::max(duration(0), o_.timeout - (clock::now() - begin_)));
}

machine::unmount_kind unmounting::kind() const {
    return o_.lazy    ? machine::unmount_kind::lazy
           : o_.force ? machine::unmount_kind::force
                      : machine::unmount_kind::plain;
}

result<machine::unmount_outcome> unmounting::call() {
    const auto until = begin_ + o_.retry;
    for (milliseconds pause(10);; pause = std::min(pause * 2, milliseconds(200))) {
        BOOST_OUTCOME_TRY(auto tried, machine::unmount(mount_.dir, kind(), left()));
        if (!tried.finished || tried.error != EBUSY || clock::now() >= until) return tried;
        std::this_thread::sleep_for(std::min<clock::duration>(pause, until - clock::now()));
    }
}

result<exit_code> unmounting::follow() {
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

bool unmounting::is_it(const json& mount) const {
    const auto meant = identity_of(known_);
    return !meant || os::is_same(identity_of(mount), meant);
}

bool unmounting::is_gone() const {
    const auto now = daemon_->get("/mounts/" + id_of(known_), milliseconds(2000));
    if (now) return !is_it(now.value());
    return now.error().code == "not_found" || nobody_there(now.error());
}

bool unmounting::has_been_killed() const { return access(daemons::state_beside(daemon_->socket()).c_str(), F_OK) == 0; }

void unmounting::refresh() {
    if (!daemon_ || known_.is_null()) return;
    auto now = daemon_->get("/mounts/" + id_of(known_), milliseconds(2000));
    if (now && is_it(now.value())) known_ = now.value();
}

void unmounting::tell_holders() {
    for (const auto& h : find().holders)
        if (told_.insert(machine::describe(h)).second) remark("still held by " + machine::describe(h));
}

machine::holders_found unmounting::find() const {
    const bool named = machine::mount_at(machine::read_mountinfo(), mount_.dir).has_value();
    return machine::find_holders({mount_.major, mount_.minor, named ? mount_.dir : std::string(), mount_.dir});
}

}  // namespace drainlab::cli
