// Its birth.
#include "fusefs/control/served_mount_parts.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/when_readable.hpp"
#include "fusefs/storage/filesystem.hpp"
#include "fusefs/trace/hub.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace drainlab::control {

api_error mount_error(int error, std::string message) {
    switch (error) {
        case ENOENT:
        case ENOTDIR: return {400, "not_a_directory", std::move(message), "it must be an existing directory"};
        case EXDEV: return {400, "on_drainfs", std::move(message), "choose a directory outside of drainfs mounts"};
        case ESTALE:
            return {409, "other_namespace", std::move(message),
                    "use a daemon of your own there: another --socket, or in another mount namespace none at all"};
        case EBUSY: return {409, "busy", std::move(message), ""};
        case ENODEV: return {501, "no_fuse", std::move(message), "run `drainctl doctor`"};
        case EPERM:
        case EACCES: return {403, "denied", std::move(message), "run `drainctl doctor`"};
        case EINVAL:
        case ELOOP: return bad_request(std::move(message));
        case ETIMEDOUT: return {504, "timed_out", std::move(message), "is the server or daemon behind it stopped?"};
        default: return {500, "failed", std::move(message), ""};
    }
}

served_mount::served_mount(const mount_parts& parts, mount_owner& owner, std::uint32_t id, mount_request request,
                           const kernel::drain_policy& policy)
    : parts_{parts},
      owner_{owner},
      id_{id},
      request_{std::move(request)},
      policy_{policy},
      timers_{std::make_unique<timers>(parts.io)} {}

served_mount::~served_mount() { abandon(); }

bool served_mount::has_reached(const milestone& m) const noexcept {
    const auto* const p = std::get_if<phase>(&m);
    return p ? phase_ns(*p) != 0 : state_ >= std::get<mount_state>(m);
}

std::int64_t served_mount::now_ns() const { return to_ns(parts_.host.sched.now()); }
dev_t served_mount::dev() const noexcept { return who_.dev; }

sched::task<std::optional<api_error>> served_mount::open_store() {
    storage::filesystem_options o;
    if (request_.store) o.store = *request_.store;
    o.mode = request_.keep_pages.value_or(false) ? storage::cache_mode::keep : storage::cache_mode::drop;
    if (request_.dirty_limit_bytes) o.limits.dirty_bytes = *request_.dirty_limit_bytes;
    if (request_.cache_limit_bytes) o.limits.cache_bytes = *request_.cache_limit_bytes;
    o.lose_unsynced = request_.lose_unsynced;
    o.device = to_storage(request_.device);
    o.label = fmt::format("the mount '{}' on {}", request_.name, request_.dir);
    o.read_only = std::find(request_.options.rbegin(), request_.options.rend(), "ro") <
                  std::find(request_.options.rbegin(), request_.options.rend(), "rw");
    int error = 0;
    std::string message;
    fs_ = co_await storage::filesystem::make(std::move(o), parts_.stores, error, message);
    if (fs_) co_return std::nullopt;
    if (error == EBUSY)
        co_return bad_request(std::move(message),
                              "one page cache would not see what the other writes; `drainctl why DIR` says "
                              "who holds that mount");
    co_return mount_error(error, std::move(message));
}

void served_mount::make_super(kernel::backing_dev_info* bdi) {
    sb_ = kernel::sget(parts_.host, request_.name, *fs_, policy_, bdi);
    fs_->set_super(sb_);
    fs_->cache().device.errors.set(error_rules(request_.device));
    // The model's own phases; they come from inside its fiber.
    sb_->on_phase = [this](std::string_view what) {
        if (what == "drain_begins") reached(phase::drain_begins, to_ns(sb_->phases.drain_begins));
        if (what == "drained") reached(phase::drained, to_ns(sb_->phases.drained));
    };
    update_hold();
}

std::optional<api_error> served_mount::start(kernel::backing_dev_info* bdi,
                                             std::function<void(const std::string&)> ready) {
    first_violation_ = parts_.host.violations.size();
    make_super(bdi);
    if (auto error = make_session()) {
        // The superblock was never seen by anybody: it ends the ordinary way, and takes its bdi along.
        session_ended_ = true;
        begin_shutdown();
        return error;
    }
    ready_ = std::move(ready);
    watched_mount w{id_, request_.name, request_.dir, who_.dev, who_.id, false};
    w.gated = request_.wait.value_or(umount_wait::automatic) != umount_wait::api;
    parts_.watch.add(w, *this);
    if (request_.with_pid) follow_pid();
    return std::nullopt;
}

/// The mount goes when that process does.
void served_mount::follow_pid() {
    const int process = static_cast<int>(syscall(SYS_pidfd_open, *request_.with_pid, 0));
    if (process >= 0) timers_->companion.assign(process);
    wait_for_companion();
}

void served_mount::wait_for_companion() {
    const auto self = weak_from_this();
    const auto unmount = [self] {
        const auto m = self.lock();
        if (!m || m->state_ != mount_state::live) return;
        spdlog::info("{}: process {} has ended, unmounting", m->dir(), *m->request_.with_pid);
        m->owner_.take_away(*m);
    };
    if (!timers_->companion.is_open()) return unmount();  // it has ended already
    const auto look_up = [self]() -> boost::asio::posix::stream_descriptor* {
        const auto m = self.lock();
        return m && m->timers_->companion.is_open() ? &m->timers_->companion : nullptr;
    };
    os::when_readable(look_up, unmount);
}

/// The session belongs to us and calls nobody after its end: `this` is safe.
fuse::session_events served_mount::session_callbacks() {
    fuse::session_events on;
    on.on_statfs = [this](std::shared_ptr<fuse::statfs_call> call) {
        return parts_.watch.on_statfs(id_, std::move(call));
    };
    on.on_statfs_interrupted = [this](const fuse::statfs_call& call) {
        parts_.watch.on_statfs_interrupted(id_, call.tid);
    };
    on.on_end = [this] { on_connection_end(); };
    on.on_violation = [this](std::string message) {
        parts_.host.violated("request_after_shutdown", std::move(message), {}, sb_.get());
    };
    on.is_spared = [this](pid_t tid) { return parts_.watch.is_gate(tid); };
    on.on_trouble = [this](const std::string& what) { spdlog::error("{}: {}", request_.dir, what); };
    return on;
}

void served_mount::on_gated(bool held, const std::string& why) {
    gated_ = held;
    auto tell = std::exchange(ready_, nullptr);
    if (!tell) return;
    parts_.events.emit({.name = "mounted", .mount = request_.name});
    tell(why);
}

/// Not that an unmount under way ends here: that is told by on_connection_end().
void served_mount::on_held(bool held) {
    gated_ = held;
    if (!held) spdlog::warn("{}: the gate was interrupted: an unmount does not wait until it holds again", dir());
}

}  // namespace drainlab::control
