#include "fusefs/control/mount.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/mountinfo.hpp"
#include "fusefs/storage/filesystem.hpp"
#include "fusefs/trace/hub.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace drainlab::control {

namespace {

constexpr std::string_view state_words[] = {"live", "detached", "dying", "dead", "gone"};
constexpr std::string_view phase_words[] = {"detached", "drain_begins", "drained", "dead"};

/// What went wrong while making a mount, with the status and code that fit `error`.
api_error mount_error(int error, std::string message) {
    switch (error) {
        case ENOENT:
        case ENOTDIR: return {400, "not_a_directory", std::move(message), "it must be an existing directory"};
        case EXDEV: return {400, "on_drainfs", std::move(message), "choose a directory outside of drainfs mounts"};
        case EBUSY: return {409, "busy", std::move(message), ""};
        case EPERM:
        case EACCES: return {403, "denied", std::move(message), "run `drainctl doctor`"};
        case EINVAL:
        case ELOOP: return bad_request(std::move(message));
        default: return {500, "failed", std::move(message), ""};
    }
}

storage::device_limits to_storage(const device_limits& d) {
    using std::chrono::microseconds;
    return {microseconds{d.latency_us}, d.bandwidth_bytes_per_s, d.iops, microseconds{d.flush_us}};
}

std::vector<storage::error_rule> error_rules(const device_limits& d) {
    std::vector<storage::error_rule> rules;
    for (const auto& e : d.errors)
        rules.push_back(
            {*storage::parse_device_op(e.op), e.path, e.probability, storage::parse_errno(e.error), e.seed});
    return rules;
}

std::int64_t to_ns(kernel::instant t) { return t.time_since_epoch().count(); }

}  // namespace

std::string_view to_string(mount_state s) noexcept { return state_words[static_cast<std::size_t>(s)]; }
std::string_view to_string(phase p) noexcept { return phase_words[static_cast<std::size_t>(p)]; }
std::optional<phase> parse_phase(std::string_view word) noexcept {
    for (std::size_t i = 0; i < phase_count; ++i)
        if (phase_words[i] == word) return static_cast<phase>(i);
    return std::nullopt;
}

struct mount::timers {
    explicit timers(boost::asio::io_context& io) : limit{io}, clearing{io}, companion{io} {}
    boost::asio::steady_timer limit, clearing;
    boost::asio::posix::stream_descriptor companion;  // pidfd of with_pid
};

mount::mount(const mount_parts& parts, mount_owner& owner, std::uint32_t id, mount_request request,
             const kernel::drain_policy& policy)
    : parts_{parts},
      owner_{owner},
      id_{id},
      request_{std::move(request)},
      policy_{policy},
      timers_{std::make_unique<timers>(parts.io)} {}

mount::~mount() { abandon(); }

std::int64_t mount::now_ns() const { return to_ns(parts_.host.sched.now()); }
dev_t mount::dev() const noexcept { return dev_; }

// ---- birth -------------------------------------------------------------------------------------------------------------

std::optional<api_error> mount::make_filesystem(kernel::backing_dev_info* bdi) {
    storage::filesystem_options o;
    if (request_.store) o.store = *request_.store;
    o.mode = request_.keep_pages.value_or(false) ? storage::cache_mode::keep : storage::cache_mode::drop;
    if (request_.dirty_limit_bytes) o.limits.dirty_bytes = *request_.dirty_limit_bytes;
    if (request_.cache_limit_bytes) o.limits.cache_bytes = *request_.cache_limit_bytes;
    o.device = to_storage(request_.device);
    int error = 0;
    std::string message;
    fs_ = storage::filesystem::create(o, parts_.host.sched, parts_.pool, error, message);
    if (!fs_) return mount_error(error, std::move(message));
    sb_ = kernel::sget(parts_.host, request_.name, *fs_, policy_, bdi);
    fs_->set_super(sb_);
    fs_->cache().device.errors.set(error_rules(request_.device));
    // The model's own phases; they come from inside its fiber.
    sb_->on_phase = [this](std::string_view what) {
        if (what == "drain_begins") reached(phase::drain_begins, to_ns(sb_->phases.drain_begins));
        if (what == "drained") reached(phase::drained, to_ns(sb_->phases.drained));
    };
    update_hold();
    return std::nullopt;
}

std::optional<api_error> mount::make_session() {
    fuse::session_options o;
    o.dir = request_.dir;
    o.name = request_.name;
    o.allow_other = request_.allow_other;
    o.options = request_.options;
    int error = 0;
    std::string message;
    session_ = fuse::session::create(o, parts_.env, *fs_, session_callbacks(), error, message);
    if (!session_) return mount_error(error, std::move(message));
    dev_ = session_->st_dev();
    return std::nullopt;
}

std::optional<api_error> mount::start(kernel::backing_dev_info* bdi, std::function<void(const std::string&)> ready) {
    first_violation_ = parts_.host.violations.size();
    if (auto error = make_filesystem(bdi)) return error;
    if (auto error = make_session()) {
        // The superblock was never seen by anybody: it ends the ordinary way, and takes its bdi along.
        session_ended_ = true;
        begin_shutdown();
        return error;
    }
    ready_ = std::move(ready);
    watched_mount w{id_, request_.name, request_.dir, dev_, session_->mount_id(), false};
    w.gated = request_.wait.value_or(umount_wait::automatic) != umount_wait::api;
    parts_.watch.add(w, *this);
    if (request_.with_pid) follow_pid();
    return std::nullopt;
}

/// The mount goes when that process does.
void mount::follow_pid() {
    const int process = static_cast<int>(syscall(SYS_pidfd_open, *request_.with_pid, 0));
    if (process >= 0) timers_->companion.assign(process);
    const auto unmount = [self = weak_from_this()](const boost::system::error_code& error) {
        const auto m = self.lock();
        if (error || !m || m->state_ != mount_state::live) return;
        spdlog::info("{}: process {} has ended, unmounting", m->dir(), *m->request_.with_pid);
        m->parts_.watch.unmount(m->dir(), true, false, [](int) {});
    };
    if (process >= 0)
        timers_->companion.async_wait(boost::asio::posix::stream_descriptor::wait_read, unmount);
    else
        unmount({});
}

/// The session belongs to us and calls nobody after its end: `this` is safe.
fuse::session_events mount::session_callbacks() {
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
    return on;
}

void mount::on_gated(bool held, const std::string& why) {
    gated_ = held;
    if (auto tell = std::exchange(ready_, nullptr)) tell(why);
}

// ---- death -------------------------------------------------------------------------------------------------------------

void mount::reached(phase p, std::int64_t t_ns) {
    auto& at = phases_[static_cast<std::size_t>(p)];
    if (at != 0) return;
    at = t_ns;
    owner_.on_changed(*this);
}

void mount::on_detached(std::int64_t t_ns) {
    if (state_ == mount_state::live) state_ = mount_state::detached;
    parts_.events.emit({.t_ns = t_ns, .name = "detached", .mount = request_.name});
    reached(phase::detached, t_ns);
}

void mount::on_dying() {
    parts_.events.emit({.name = "dying", .mount = request_.name});
    begin_shutdown();
}

void mount::on_connection_end() {
    session_ended_ = true;
    parts_.events.emit({.name = "connection_ended", .mount = request_.name});
    if (auto tell = std::exchange(ready_, nullptr)) tell("the connection ended at once");
    parts_.watch.remove(id_);
    name_may_remain_ = phase_ns(phase::detached) == 0;
    reached(phase::detached, now_ns());
    begin_shutdown();
    dead_when_over();
}

void mount::begin_shutdown() {
    if (std::exchange(shutting_down_, true)) return;
    state_ = mount_state::dying;
    watch_limit(parts_.drain_limit);
    parts_.host.sched.spawn("umount " + request_.name, shut_down(shared_from_this()));
}

/// What deactivate_super() does in the unmounter's task.
sched::task<> mount::shut_down([[maybe_unused]] std::shared_ptr<mount> self) {
    if (session_) co_await session_->prepare_shutdown();  // also after the end: requests may still be worked on
    if (!fs_->store().root().in_memory) fs_->cache().lane().begin_drain();
    co_await kernel::deactivate_super(*sb_);
    fs_->cache().lane().end_drain();
    model_done_ = true;
    parts_.watch.open(id_);
    dead_when_over();
}

void mount::watch_limit(milliseconds after) {
    timers_->limit.expires_after(after);
    timers_->limit.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        const auto m = self.lock();
        if (!error && m) m->on_limit();
    });
}

void mount::on_limit() {
    if (model_done_ || abandoned_) return;
    // A hold counts from the drain's beginning: one as long as the limit may end a little after it. A longer one was asked for with force.
    const auto held_until =
        std::chrono::nanoseconds{sb_->drain_hold} + std::chrono::nanoseconds{phase_ns(phase::drain_begins)};
    const auto left = held_until + std::chrono::seconds{5} - std::chrono::nanoseconds{now_ns()};
    const bool wanted = (hold_ && hold_->force) || std::chrono::nanoseconds{sb_->drain_hold} <= parts_.drain_limit;
    if (phase_ns(phase::drained) == 0 && sb_->drain_hold.count() > 0 && wanted && left.count() > 0)
        return watch_limit(std::chrono::duration_cast<milliseconds>(left) + milliseconds{1});
    const double limit_s = static_cast<double>(parts_.drain_limit.count()) / 1000;
    spdlog::error("{}: the drain is not over after {} s; the gate opens. Who waits for what:", request_.dir, limit_s);
    const auto now = parts_.host.sched.now();
    for (const auto& w : parts_.host.sched.waiting())
        spdlog::error("  {} waits for {} since {} ms", w.task, w.waits_for,
                      std::chrono::duration_cast<milliseconds>(now - w.since).count());
    parts_.host.violated("drain_limit", fmt::format("the drain of {} did not end within {} s", request_.name, limit_s),
                         {}, sb_.get());
    parts_.watch.open(id_);
}

void mount::dead_when_over() {
    if (!model_done_ || !session_ended_ || state_ == mount_state::dead) return;
    state_ = mount_state::dead;
    timers_->limit.cancel();
    reached(phase::dead, now_ns());
    clear_away();
}

/// False while a mount whose connection has ended is still in the table. MNT_FORCE ends the connection before it looks whether the mount
/// is busy: if it was, the name stays behind, dead, and we take it away. An unmounter in the middle of the call gets a moment first.
bool mount::name_is_gone() {
    constexpr int patience = 5;
    if (!name_may_remain_ || !session_ || ++name_looks_ > patience + 10) return true;
    dev_t top = 0;
    for (const auto& line : os::read_mountinfo())
        if (line.dir == request_.dir) top = line.device();
    // The next mount on this directory may well have got our device number.
    if (top != dev_ || !os::is_still_mounted(session_->mount_id())) return true;
    if (name_looks_ == patience + 1) {
        spdlog::warn("{}: its connection was cut by force while somebody held it: detaching the name", request_.dir);
        parts_.watch.unmount(request_.dir, true, false, [](int) {});
    }
    return false;
}

/// The session may go in a later turn of the loop, once nothing works for it any more.
void mount::clear_away() {
    timers_->clearing.expires_after(std::chrono::milliseconds{name_may_remain_ ? 20 : 1});
    timers_->clearing.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->abandoned_) return;
        const bool busy =
            (self->session_ && self->session_->counters().parked > 0) || self->fs_->cache().lane().in_flight() > 0;
        if (busy || !self->name_is_gone()) return self->clear_away();
        self->state_ = mount_state::gone;
        self->owner_.on_gone(*self);
    });
}

void mount::abandon() {
    if (std::exchange(abandoned_, true)) return;
    timers_->limit.cancel();
    timers_->clearing.cancel();
    boost::system::error_code ignored;
    timers_->companion.close(ignored);
    parts_.watch.remove(id_);
    if (sb_) sb_->on_phase = nullptr;
    // A request that still waits for its store keeps the session; only at the daemon's end, and the end of the process ends it.
    if (session_ && session_->counters().parked > 0) (void)session_.release();
    session_.reset();
}

// ---- what is seen and changed from outside ---------------------------------------------------------------------------------

void mount::update_hold() {
    auto wanted = request_.umount_delay;
    if (hold_) wanted = std::max(wanted, hold_->duration);
    sb_->drain_hold = wanted;
    parts_.host.sched.wake_all(&sb_->drain_hold);
}

void mount::set_hold(std::optional<hold_request> h) {
    hold_ = h;
    update_hold();
}

void mount::apply(const mount_patch& p) {
    if (p.keep_pages) request_.keep_pages = p.keep_pages;
    if (p.umount_delay) request_.umount_delay = *p.umount_delay;
    if (p.device) request_.device = *p.device;
    if (p.dirty_limit_bytes) request_.dirty_limit_bytes = p.dirty_limit_bytes;
    auto& cache = fs_->cache();
    if (p.keep_pages) cache.mode = *p.keep_pages ? storage::cache_mode::keep : storage::cache_mode::drop;
    if (p.device) {
        cache.device.set_limits(to_storage(*p.device));
        cache.device.errors.set(error_rules(*p.device));
    }
    if (p.dirty_limit_bytes) cache.limits.dirty_bytes = *p.dirty_limit_bytes;
    update_hold();
}

mount_view mount::view() const {
    mount_view v;
    v.id = id_;
    v.name = request_.name;
    v.dir = request_.dir;
    v.policy = sb_->policy->id();
    v.profile = parts_.host.prof.name;
    v.dev = dev_;
    v.state = state_;
    v.store = request_.store;
    v.bdi = request_.bdi;
    v.with_pid = request_.with_pid;
    v.keep_pages = request_.keep_pages.value_or(false);
    v.gated = gated_;
    v.allow_other = session_ && session_->allow_other();
    v.options = request_.options;
    v.umount_delay = request_.umount_delay;
    v.device = request_.device;
    v.device_use = fs_->cache().device.times();
    for (const auto& r : fs_->cache().device.errors.rules()) v.device_errors.emplace_back(r.matched, r.injected);
    v.phases_ns = phases_;
    v.isw_in_flight = sb_->own_in_flight;
    v.switches = sb_->switches;
    v.drain = sb_->drain;
    if (session_) {
        const auto c = session_->counters();
        v.open_files = c.open_files;
        v.guessed_bytes = c.guessed_bytes;
        v.unknown_caller = c.unknown_caller;
        v.requests = c.requests;
    }
    v.inodes = sb_->s_inodes.size();
    v.dirty_bytes = fs_->cache().dirty_bytes();
    const auto& all = parts_.host.violations;
    for (std::size_t i = first_violation_; i < all.size(); ++i)
        if (all[i].mount == request_.name) v.violations.push_back(all[i]);
    return v;
}

}  // namespace drainlab::control
