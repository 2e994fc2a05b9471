#include "fusefs/control/daemon.hpp"

#include "fusefs/control/api.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/control/ready.hpp"
#include "fusefs/control/socket.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/fuse/identity.hpp"
#include "fusefs/fuse/make_identity.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/sched/real.hpp"
#include "fusefs/storage/io_pool.hpp"
#include "fusefs/storage/root_directory.hpp"
#include "fusefs/trace/sinks.hpp"
#include "fusefs/version.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstring>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <unistd.h>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

/// Something that keeps the daemon from starting.
struct failure {
    int exit_code{};
    std::string code, message, hint;
};

void start_log(const settings& s) {
    std::shared_ptr<spdlog::logger> log;
    try {
        if (!s.log.empty()) log = spdlog::basic_logger_st("drainfs", s.log);
    } catch (const spdlog::spdlog_ex& e) {
        std::fprintf(stderr, "drainfs: --log %s: %s; logging to standard error\n", s.log.c_str(), e.what());
    }
    if (!log) log = spdlog::stderr_logger_st("drainfs");
    spdlog::set_default_logger(log);
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    spdlog::set_level(s.verbose ? spdlog::level::debug : spdlog::level::info);
    spdlog::flush_on(spdlog::level::info);
}

/// All parts, in the order in which they depend on each other.
class daemon {
  public:
    daemon(const settings& s, kernel::profile profile, const kernel::drain_policy& policy)
        : settings_{s}, profile_{std::move(profile)}, policy_{policy} {}

    ~daemon();
    std::optional<failure> open();
    int run();

  private:
    void make_kernel();
    std::optional<failure> make_identity();
    void make_mounts();
    void serve();
    void watch_signals();
    void watch_lifeline();
    void wait_for_lifeline();
    void write_down();
    void on_empty();
    void end_unless_used();
    void stop(const char* why);
    void end(const std::vector<held_mount>& held);
    void close_down();

    settings settings_;
    kernel::profile profile_;
    const kernel::drain_policy& policy_;
    std::int64_t started_ns_{};
    std::uint64_t start_time_{process_start_time(getpid())};
    int exit_code_{};
    int listening_fd_{-1};
    bool ended_{}, owns_socket_{};

    asio::io_context io_{1};
    trace::hub events_;
    trace::hub::subscription log_sink_, usdt_sink_;
    asio::signal_set signals_{io_};
    asio::posix::stream_descriptor lifeline_{io_};
    asio::steady_timer linger_{io_};
    std::unique_ptr<kernel::machine_real> machine_;
    std::unique_ptr<kernel::rcu> rcu_;
    std::unique_ptr<kernel::host> host_;
    std::unique_ptr<sched::real_scheduler> sched_;
    std::unique_ptr<storage::io_pool> pool_;
    std::unique_ptr<fuse::identity> identity_;
    std::optional<fuse::environment> env_;
    std::unique_ptr<loop_lag> lag_;
    std::unique_ptr<umount_watch> watch_;
    std::unique_ptr<mount_table> mounts_;
    std::unique_ptr<counter_book> counters_;
    std::unique_ptr<api> api_;
    std::unique_ptr<http_server> server_;
};

daemon::~daemon() {
    if (!ended_ && owns_socket_) remove_control_socket(settings_.socket);
    if (listening_fd_ >= 0) close(listening_fd_);
}

void daemon::make_kernel() {
    sched_ = std::make_unique<sched::real_scheduler>(io_);
    started_ns_ = sched_->now().time_since_epoch().count();
    machine_ = std::make_unique<kernel::machine_real>(*sched_, profile_);
    rcu_ = kernel::make_rcu(*sched_, *machine_, profile_);
    host_ = std::make_unique<kernel::host>(*sched_, *machine_, *rcu_, profile_);
    host_->on_trace = [this](const kernel::trace_event& e) {
        events_.emit({.name = std::string{e.name},
                      .mount = std::string{e.sb},
                      .key1 = std::string{e.key1},
                      .key2 = std::string{e.key2},
                      .value1 = e.value1,
                      .value2 = e.value2});
    };
    host_->on_violation = [this](const kernel::violation& v) {
        spdlog::error("violation of {}: {}{}{}", v.invariant, v.message,
                      v.producer.empty() ? "" : ", switch asked for by ", v.producer);
        events_.emit({.name = "violation", .mount = v.mount, .text = v.invariant + ": " + v.message});
    };
    pool_ =
        std::make_unique<storage::io_pool>(*sched_, [this](std::function<void()> f) { asio::post(io_, std::move(f)); });
}

std::optional<failure> daemon::make_identity() {
    std::string error;
    const auto choice = settings_.identity == "cgroup"    ? fuse::identity_choice::cgroup
                        : settings_.identity == "session" ? fuse::identity_choice::session
                                                          : fuse::identity_choice::automatic;
    identity_ = fuse::make_identity(choice, settings_.cgroup_root, io_, *host_, error);
    if (!identity_) return failure{4, "failed", error, "run `drainctl doctor`, or use --identity session"};
    env_.emplace(fuse::environment{io_, *host_, *identity_});
    return std::nullopt;
}

void daemon::make_mounts() {
    const mount_parts parts{io_, *host_, *env_, *pool_, events_, *watch_, settings_.drain_limit};
    mount_defaults defaults;
    defaults.policy = &policy_;
    defaults.keep_pages = settings_.page_cache == "keep";
    defaults.wait = parse_umount_wait(settings_.umount_wait).value_or(umount_wait::automatic);
    mounts_ = std::make_unique<mount_table>(parts, defaults,
                                            mount_table::callbacks{[this] { write_down(); }, [this] { on_empty(); }});
    counters_ = std::make_unique<counter_book>(*host_, *mounts_, *lag_);
}

std::optional<failure> daemon::open() {
    auto listening = open_control_socket(settings_.socket);
    if (listening.fd < 0)
        return failure{listening.in_use ? 5 : 2, listening.in_use ? "busy" : "bad_request", listening.error, ""};
    listening_fd_ = listening.fd;
    owns_socket_ = true;
    storage::sweep_private_roots();
    log_sink_ = trace::log_to_spdlog(events_);
    usdt_sink_ = trace::fire_usdt_probes(events_);
    make_kernel();
    if (auto f = make_identity()) return f;
    lag_ = std::make_unique<loop_lag>(io_);
    watch_ = umount_watch::start(io_, events_, {settings_.umount_wait != "api", settings_.detach_event == "auto"});
    if (settings_.umount_wait == "gate" && !watch_->has_gate())
        return failure{4, "failed", fmt::format("--umount-wait gate cannot work here: {}", watch_->why_no_gate()),
                       "use auto or api"};
    make_mounts();
    write_down();
    serve();
    watch_signals();
    watch_lifeline();
    return std::nullopt;
}

void daemon::serve() {
    daemon_facts facts;
    facts.profile = profile_.name;
    facts.identity = identity_->kind();
    facts.memcg_death = identity_->death();
    facts.log = settings_.log;
    facts.socket = settings_.socket;
    facts.mount_namespace = mount_namespace();
    facts.started_ns = started_ns_;
    facts.linger_ms = settings_.linger.count();
    api_ = std::make_unique<api>(*mounts_, *counters_, *watch_, *sched_, std::move(facts),
                                 [this](const std::vector<held_mount>& held) { end(held); });
    server_ = http_server::start(io_, std::exchange(listening_fd_, -1), events_,
                                 [this](const http_request& r, const http_reply& reply) { api_->handle(r, reply); });
}

void daemon::watch_signals() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.add(SIGHUP);
    signals_.async_wait([this](error_code error, int number) {
        if (error) return;
        stop(number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGHUP");
        // A second one does not wait for drains.
        signals_.async_wait([this](error_code again, int) {
            if (!again && !ended_) end({});
        });
    });
}

void daemon::watch_lifeline() {
    if (settings_.lifeline < 0) return;
    fcntl(settings_.lifeline, F_SETFD, FD_CLOEXEC);
    lifeline_.assign(settings_.lifeline);
    wait_for_lifeline();
}

void daemon::wait_for_lifeline() {
    lifeline_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
        if (error) return;
        char byte;
        if (read(lifeline_.native_handle(), &byte, 1) > 0) return wait_for_lifeline();
        stop("the lifeline closed");
    });
}

/// What this daemon owns, for whoever cleans up after a SIGKILL.
void daemon::write_down() {
    if (ended_) return;  // the file is removed, and what a held mount leaves goes with us
    daemon_state state{getpid(), start_time_, mount_namespace(), watch_->has_gate() ? watch_->gate_pid() : 0, {}};
    for (const auto& [id, m] : mounts_->living()) {
        owned_mount one{m->dir(), m->name()};
        if (m->dev() != 0) one.dev = m->dev();
        state.mounts.push_back(std::move(one));
    }
    if (!write_state(state_path(settings_.socket), state))
        spdlog::warn("cannot write {}: {}; after a SIGKILL nobody will know what to clean up",
                     state_path(settings_.socket), std::strerror(errno));
}

void daemon::on_empty() {
    if (settings_.linger.count() == 0 || mounts_->stopping()) return;
    linger_.expires_after(settings_.linger);
    linger_.async_wait([this](error_code error) {
        if (!error && mounts_->living().empty()) end({});
    });
}

/// A daemon that was started and then forgotten ends as well.
void daemon::end_unless_used() {
    if (settings_.linger.count() == 0) return;
    linger_.expires_after(std::max<std::chrono::milliseconds>(settings_.linger, 30s));
    linger_.async_wait([this](error_code error) {
        if (!error && mounts_->living().empty()) end({});
    });
}

void daemon::stop(const char* why) {
    if (mounts_->stopping()) return;
    spdlog::info("{}: unmounting {} mounts", why, mounts_->living().size());
    mounts_->stop(settings_.drain_limit + 5s, [this](const std::vector<held_mount>& held) { end(held); });
}

void daemon::end(const std::vector<held_mount>& held) {
    if (std::exchange(ended_, true)) return;
    for (const auto& h : held) spdlog::warn("{} ({}) was held: detached, its holders get ENOTCONN", h.dir, h.name);
    if (!held.empty() || !host_->violations.empty()) exit_code_ = 1;
    remove_control_socket(settings_.socket);
    server_->close();
    // The last answer is still on its way to its client.
    linger_.expires_after(20ms);
    linger_.async_wait([this](error_code) { io_.stop(); });
}

int daemon::run() {
    tell_ready(settings_.ready_fd);
    spdlog::info(
        "drainfs {} ({}) serves {}: profile {}, policy {}, unmounts wait by {}, detach events by {}, identity {}",
        version(), git_revision(), settings_.socket, profile_.name, policy_.id(),
        watch_->has_gate() ? "gate" : "api: " + watch_->why_no_gate(), watch_->detach_source(), identity_->kind());
    end_unless_used();
    io_.run();
    close_down();
    spdlog::info("drainfs ends");
    return exit_code_;
}

/// Connections first; then the model's tasks, which refer to mounts; then the mounts.
void daemon::close_down() {
    server_.reset();
    mounts_->abandon_all();
    watch_.reset();
    lag_.reset();
    sched_.reset();
    pool_.reset();
    mounts_.reset();
    identity_.reset();
}

void prepare_process() {
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);  // probes of the gate are tens of microseconds apart
    raise_descriptor_limit();
    umask(0);  // files of the mounts get the mode and umask of their creators
}

int fail(const settings& s, const failure& f) {
    spdlog::error("{}{}{}", f.message, f.hint.empty() ? "" : "; ", f.hint);
    tell_failed(s.ready_fd, f.exit_code, f.code, f.message, f.hint);
    return f.exit_code;
}

}  // namespace

int run_daemon(const settings& s) {
    start_log(s);
    prepare_process();
    auto profile = profile::load_profile(s.profile, profile::default_data_dirs());
    if (!profile) return fail(s, {2, "bad_request", profile.error, ""});
    const auto* const policy = kernel::find_drain_policy(s.policy);
    if (!policy)
        return fail(s, {2, "unknown_policy", fmt::format("--policy: unknown policy '{}'", s.policy),
                        fmt::format("known: {}", fmt::join(kernel::policy_ids(), ", "))});
    daemon d{s, *std::move(profile.value), *policy};
    if (const auto f = d.open()) return fail(s, *f);
    return d.run();
}

}  // namespace drainlab::control
