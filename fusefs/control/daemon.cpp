#include "fusefs/control/daemon.hpp"

#include "fusefs/control/daemon_parts.hpp"
#include "fusefs/control/own_directory.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/control/ready.hpp"
#include "fusefs/control/surroundings.hpp"
#include "fusefs/control/watch/request_timeout.hpp"
#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/make_identity.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/os/mountinfo.hpp"
#include "fusefs/os/whole_program.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/storage/root_directory.hpp"
#include "fusefs/trace/sinks.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <unistd.h>

namespace drainlab::control {

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
    if (auto* engine = dynamic_cast<kernel::rcu_engine*>(rcu_.get()))  // the untimed one has no time to tell of
        engine->on_grace_period = [this](bool begins, std::uint64_t number) {
            events_.emit({.name = begins ? "rcu_gp_start" : "rcu_gp_end",
                          .key1 = "gp_seq",
                          .value1 = static_cast<std::int64_t>(number)});
        };
    host_->on_violation = [this](const kernel::violation& v) {
        spdlog::error("violation of {}: {}{}{}", v.invariant, v.message,
                      v.producer.empty() ? "" : ", switch asked for by ", v.producer);
        events_.emit({.name = "violation", .mount = v.mount, .text = v.invariant + ": " + v.message});
    };
    stores_ = std::make_unique<storage::stores>(*sched_);
    stores_back_.assign(dup(stores_->finished_fd()));
    hear_from_stores();
}

/// Calls on stores have come back from the threads that waited for them.
void daemon::hear_from_stores() {
    stores_back_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
        if (error) return;
        stores_->run_finished();
        hear_from_stores();
    });
}

std::optional<failure> daemon::make_identity() {
    std::string error;
    const auto choice = settings_.identity == "cgroup"    ? fuse::identity_choice::cgroup
                        : settings_.identity == "session" ? fuse::identity_choice::session
                                                          : fuse::identity_choice::automatic;
    cgroup_root_ = settings_.cgroup_root.empty() ? fuse::cgroup2_root().string() : settings_.cgroup_root;
    identity_ = fuse::make_identity(choice, cgroup_root_, io_, *host_, error);
    if (!identity_) return failure{4, "failed", error, "run `drainctl doctor`, or use --identity session"};
    env_.emplace(fuse::environment{io_, *host_, *identity_});
    return std::nullopt;
}

void daemon::make_mounts() {
    os::current_mounts();  // its descriptor is there from the beginning: who counts ours later finds as many
    const mount_parts parts{io_, *host_, *env_, *stores_, events_, *watch_, settings_.drain_limit, record_};
    mount_defaults defaults;
    defaults.policy = &policy_;
    defaults.keep_pages = settings_.page_cache == "keep";
    defaults.wait = parse_umount_wait(settings_.umount_wait).value_or(umount_wait::automatic);
    mounts_ = std::make_unique<served_mounts>(
        parts, defaults,
        served_mounts::callbacks{
            [this] { on_empty(); },
            [this](const std::string& dir, const std::string& type) { return why_off_limits_here(dir, type); }});
    counters_ = std::make_unique<counter_book>(*host_, *mounts_, *lag_);
}

std::optional<failure> daemon::open() {
    auto listening = open_control_socket(settings_.socket);
    if (listening.fd < 0)
        return failure{listening.in_use ? 5 : 2, listening.in_use ? "busy" : "bad_request", listening.error, ""};
    listening_fd_ = listening.fd;
    socket_dir_ = std::move(listening.dir);
    std::error_code no_path;
    if (!settings_.log.empty()) log_path_ = std::filesystem::weakly_canonical(settings_.log, no_path).string();
    life_ = std::move(listening.life);
    owns_socket_ = true;
    start_record();
    storage::sweep_private_roots();
    log_sink_ = trace::log_to_spdlog(events_);
    usdt_sink_ = trace::fire_usdt_probes(events_);
    watch_signals();
    make_kernel();
    if (auto f = make_identity()) return f;
    lag_ = std::make_unique<loop_lag>(io_);
    const auto timeout = request_timeout();
    if (auto warning = request_timeout_warning(timeout); !warning.empty()) {
        spdlog::warn("{}", warning);
        limits_.push_back(std::move(warning));
    }
    watch_ = umount_watch::start(io_, events_,
                                 {settings_.umount_wait != "api", settings_.detach_event == "auto", timeout,
                                  [record = record_](pid_t gate) { record->gate_is(gate); }});
    if (settings_.umount_wait == "gate" && !watch_->has_gate())
        return failure{4, "failed", fmt::format("--umount-wait gate cannot work here: {}", watch_->why_no_gate()),
                       "use auto or api"};
    make_mounts();
    record_->written(std::chrono::milliseconds{20});  // nobody is served yet
    serve();
    watch_lifeline();
    return std::nullopt;
}

void daemon::serve() {
    daemon_facts facts;
    facts.profile = profile_.name;
    facts.identity = identity_->kind();
    facts.memcg_death = [this] { return std::string{identity_->death()}; };
    facts.log = settings_.log;
    facts.socket = settings_.socket;
    facts.mount_namespace = mount_namespace();
    facts.started_ns = started_ns_;
    facts.linger_ms = settings_.linger.count();
    facts.limits = limits_;
    api_ = std::make_unique<api>(
        *mounts_, *counters_, *watch_, *sched_, io_, std::move(facts),
        [this](milliseconds timeout, auto answer) { return stop_asked(timeout, std::move(answer)); });
    server_ = http_server::start(
        io_, std::exchange(listening_fd_, -1), events_,
        [this](const http_request& r, const http_reply& reply) { api_->handle(r, reply); },
        [this](const std::string& word) {
            const auto meant = mounts_->view(word);
            return meant ? meant->name : word;
        });
}

/// An exception that nobody has caught ends what has thrown it, and nothing else.
void daemon::run_loop() {
    for (;;) try {
            io_.run();
            return;
        } catch (const std::exception& e) { spdlog::error("a task of the loop failed: {}", e.what()); }
}

int daemon::run() {
    tell_ready(settings_.ready_fd);
    spdlog::info(
        "drainfs {} ({}) serves {}: profile {}, policy {}, unmounts wait by {}, detach events by {}, identity {}",
        version(), git_revision(), settings_.socket, profile_.name, policy_.id(),
        watch_->has_gate() ? "gate" : "api: " + watch_->why_no_gate(), watch_->detach_source(), identity_->kind());
    end_unless_used();
    run_loop();
    say_goodbye();
    spdlog::info("drainfs ends");
    return exit_code_;
}

namespace {

int fail(const settings& s, const failure& f) {
    spdlog::error("{}{}{}", f.message, f.hint.empty() ? "" : "; ", f.hint);
    tell_failed(s.ready_fd, f.exit_code, f.code, f.message, f.hint);
    return f.exit_code;
}

}  // namespace

int run_daemon(const settings& s) {
    const auto limits = leave_surroundings();
    start_log(s.log, s.verbose);
    const struct at_end {
        ~at_end() { finish_log(); }
    } said;
    for (const auto& l : limits) spdlog::warn("{}", l);
    if (const auto l = os::lack_of_limits(fewest_descriptors, fewest_mebibytes); l.code != 0)
        return fail(s, {l.code, "failed", std::string{"drainfs "} + l.text, "raise it where the daemon is started"});
    auto profile = profile::load_profile(s.profile, profile::default_data_dirs());
    if (!profile) return fail(s, {2, "bad_request", profile.error, ""});
    const auto* const policy = kernel::find_drain_policy(s.policy);
    if (!policy)
        return fail(s, {2, "unknown_policy", fmt::format("--policy: unknown policy '{}'", s.policy),
                        fmt::format("known: {}", fmt::join(kernel::policy_ids(), ", "))});
    const own_directory own{s.own_directory, os::identify_process(static_cast<pid_t>(s.owner))};
    daemon d{s, *std::move(profile.value), *policy, limits};
    if (const auto f = d.open()) return fail(s, *f);
    const int code = d.run();
    leave_own_directory(own, s.socket, s.log);
    return code;
}

}  // namespace drainlab::control
