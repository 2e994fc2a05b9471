// The mount system calls of a mount, beside the loop.
#include "fusefs/control/aside.hpp"
#include "fusefs/control/owner_record.hpp"
#include "fusefs/control/served_mount.hpp"
#include "fusefs/fuse/mounting.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace drainlab::control {

namespace {
constexpr milliseconds mount_within{8'000};  // fusermount3 is given 5 s of them
constexpr milliseconds record_within{100};   // a file system that does not answer keeps nobody from mounting
}  // namespace

mount_calls real_mount_calls() { return {fuse::make_mount, fuse::unmake_mount}; }

/// The mount, as a thread has made it.
struct served_mount::placing {
    fuse::new_mount made;
    int err{EIO};
    std::string error;
    bool over{};
};

bool served_mount::placed() const noexcept { return placing_ && placing_->err == 0; }

fuse::session_options served_mount::session_options_here() const {
    fuse::session_options o;
    o.dir = request_.dir;
    o.name = request_.name;
    o.allow_other = request_.allow_other;
    o.options = request_.options;
    o.seen = request_.seen;
    return o;
}

/// For the thread that mounts, which waits until it is written.
std::function<void(const os::mount_identity&)> served_mount::note_in_record() const {
    return [record = parts_.record, id = id_, dir = request_.dir, name = request_.name](const os::mount_identity& who) {
        record->note(id, {dir, name, who});
        record->written(record_within);
    };
}

sched::task<> served_mount::place() {
    static aside_room room{16, 4};
    auto& sched = parts_.host.sched;
    const auto p = placing_ = std::make_shared<placing>();
    auto options = session_options_here();
    if (parts_.record) options.on_identity = note_in_record();
    // The thread's: the loop looks at it only once it has come back in time.
    const auto its = std::make_shared<placing>();
    const auto make = [its, options = std::move(options), calls = parts_.calls, record = parts_.record, id = id_](
                          int place, const std::function<bool()>& wanted) mutable {
        options.place = place;
        its->err = calls.make(options, its->made, its->error);
        const bool done = its->err == 0;
        const bool kept = wanted();
        if (!kept && done) calls.unmake(options, its->made);
        if (record && !(kept && done)) record->forget(id);
        its->made.root.reset();  // both belong to this thread's table, and are closed here
        auto device = std::move(its->made.fuse);
        return kept ? std::move(device) : os::unique_fd{};
    };
    const auto made = [p, its, &sched, dir = request_.dir](int err, os::unique_fd fd) {
        if (err == 0) {
            *p = std::move(*its);
            p->made.fuse = std::move(fd);
        } else {
            p->err = err;
            p->error =
                "mount point " + dir + ": " +
                (err == ETIMEDOUT ? "the mount system calls did not return within 8 s: its directory is locked by "
                                    "somebody who waits for the file system that it lies on"
                 : err == EBUSY   ? "16 others wait for their file systems already"
                                  : std::string{"no thread can be started: "} + std::strerror(err));
        }
        p->over = true;
        sched.wake_all(p.get());
    };
    const auto place = std::exchange(request_.place, nullptr);  // the thread's: kept it would keep that mount busy
    do_aside(parts_.io, room, place ? std::move(*place) : os::unique_fd{}, mount_within, make, made);
    while (!p->over) co_await sched.wait_on(p.get(), "the mount system calls");
    if (p->err == 0) who_ = p->made.who;
}

std::optional<api_error> served_mount::make_session() {
    const auto p = std::exchange(placing_, nullptr);
    if (p->err != 0) return mount_error(p->err, std::move(p->error));
    std::string message;
    session_ = fuse::session::create(std::move(p->made), parts_.env, *fs_, session_callbacks(), message);
    if (session_) {
        for (const auto& f : request_.faults) session_->add_fault(f);
        return std::nullopt;
    }
    owner_.take_away(*this);
    return mount_error(EMFILE, "mount point " + request_.dir + ": " + message);
}

}  // namespace drainlab::control
