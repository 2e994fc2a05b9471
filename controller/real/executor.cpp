#include "controller/real/executor.hpp"

#include "controller/machine/cgroups.hpp"
#include "controller/machine/load.hpp"
#include "controller/machine/process.hpp"
#include "controller/real/cycle.hpp"
#include "controller/real/event_reader.hpp"
#include "controller/real/machine_info.hpp"
#include "controller/real/until_readable.hpp"
#include "controller/real/values.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/outcome/try.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace drainlab::real {

namespace asio = boost::asio;
using client::exit_code;
using client::failure;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds cycle_limit{180'000};  // well above the daemon's own limit of a drain, 60 s

client::result<std::string> private_directory() {
    std::string path = daemons::temporary_directory() + "/drainlab-bench-XXXXXX";
    if (!mkdtemp(path.data()))
        return failure{"failed", client::system_failure("cannot make a directory " + path, errno).message,
                       "set TMPDIR to a directory that can be written to", exit_code::cannot_run, 0};
    return path;
}

/// How an identity of `auto` comes out: a cgroup root, or empty for sessions with a warning.
client::result<std::string> housing_for(const options& o, std::vector<std::string>& warnings) {
    if (o.identity == "session") return std::string{};
    auto root = machine::find_cgroup_root(o.cgroup_root);
    if (root || o.identity == "cgroup") return root;
    warnings.push_back("sessions are taken for cgroups: " + root.error().message);
    return std::string{};
}

/// Ratios between interleaved cells stand on a busy machine too; milliseconds do not.
void warn_if_busy(std::vector<std::string>& warnings) {
    constexpr double worth_saying = 0.3;
    const double share = machine::cpu_share_of_others(milliseconds(100));
    if (share < worth_saying) return;
    warnings.push_back(
        fmt::format("this machine is busy: other programs use {:.0f} % of its CPUs; compare the ratios, not the times",
                    share * 100));
}

failure daemon_died(const std::string& log) {
    auto words = machine::read_text(log);  // it goes with the daemon's directory: what counts must be said now
    constexpr std::size_t enough = 1500;
    if (words.size() > enough) words.erase(0, words.find('\n', words.size() - enough) + 1);
    while (!words.empty() && words.back() == '\n') words.pop_back();
    return {"daemon_died", "drainfs died in the middle of the run; what was measured is kept",
            words.empty() ? "" : "the end of its log:\n" + words, exit_code::broken, 0};
}

}  // namespace

class executor::impl {
  public:
    impl(const options& options, std::string directory, std::string cgroup_root)
        : options_{options},
          sweeper_{directory, cgroup_root},
          api_{events_.executor(), ""},
          at_{events_, api_, sweeper_, std::move(directory), {}, options.way, options.seed, true},
          background_{at_} {
        at_.style = {std::move(cgroup_root), options.dd, at_.directory};
        at_.events_wanted = options.events;
        events_.free_the_stuck = [this] { stop_daemon(); };
    }

    ~impl() {
        background_.kill();
        stop_daemon();
        // Workloads that were watched and unmounts under way have ended by now: let their coroutines see it.
        events_.linger(milliseconds(3'000), [this] { return events_.idle(); });
    }

    client::result<void> start_daemon() {
        auto daemon = options_.daemon;
        const auto& root = at_.style.cgroup_root;
        daemon.identity = root.empty() ? "session" : "cgroup";
        if (!root.empty()) daemon.cgroup_root = root;
        daemon.umount_wait = options_.umount_wait;
        BOOST_OUTCOME_TRY(auto started, daemons::private_daemon::start(daemon));
        daemon_.emplace(std::move(started));
        sweeper_.watch(os::identify_process(daemon_->pid()));
        sweeper_.also(daemon_->directory());
        api_ = client::async_client{events_.executor(), daemon_->socket()};
        if (options_.timeout) events_.limit(*options_.timeout);
        events_.spawn(watch_daemon());
        if (options_.events)
            events_.spawn(read_events(daemon_->socket(), [this](report::traced_event e) {
                deaths_ += e.name == "dead" && e.mount.starts_with("target");
                recorded_.push_back(std::move(e));
            }));
        return events_.drive(introduce(), milliseconds(10'000));
    }

    client::result<void> begin(const experiment::scenario& s) {
        if (s.target.load == experiment::target_load::overlay)
            return client::failure{
                "cannot_run",
                "scenario " + s.name + " unmounts an overlay: drainfs' superblocks are not its upper layer",
                "drainctl sim models it, drainctl lab does it on real kernels", client::exit_code::cannot_run, 0};
        if (s.neighbour.dirty_mib > 0)
            return client::failure{
                "cannot_run",
                "scenario " + s.name + " syncs a neighbour, and the kernel tells a FUSE filesystem nothing of sync(2)",
                "drainctl sim can run it", client::exit_code::cannot_run, 0};
        return explained(events_.drive(do_begin(s), cycle_limit));
    }

    client::result<experiment::cycle_outcome> cycle(const experiment::scenario& s, const std::string& policy) {
        auto made = explained(events_.drive(one_cycle(at_, s, policy, background_, ++number_), cycle_limit));
        if (made && options_.events) add_recorded(made.value().sample);
        return made;
    }

    std::vector<report::violation> end() {
        auto ended = events_.drive(do_end(), cycle_limit);
        if (ended) return std::move(ended.value());
        background_.kill();
        return {};
    }

    report::environment_info environment = machine_info();
    std::vector<std::string> warnings;

  private:
    /// What the daemon told of this cycle. The last of it may come a moment after the daemon's answers.
    void add_recorded(report::cycle_sample& sample) {
        expected_deaths_ += static_cast<int>(sample.umounts.size());
        events_.linger(milliseconds(300), [this] { return deaths_ >= expected_deaths_; });
        expected_deaths_ = deaths_;  // a lost one is not waited for again
        auto& all = sample.events;
        all.insert(all.end(), recorded_.begin(), recorded_.end());
        recorded_.clear();
        std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.t_ns < b.t_ns; });
    }

    /// Most failures in the middle of a cycle come from the daemon's death: if it is dead, say that.
    template <class T>
    client::result<T> explained(client::result<T> outcome) {
        if (outcome) return outcome;
        events_.linger(milliseconds(500), [this] { return events_.stopped().has_value(); });
        if (events_.stopped()) return *events_.stopped();
        return outcome;
    }

    doing<void> introduce() {
        BOOST_OUTCOME_CO_TRY(auto health, co_await api_.get("/health"));
        environment_of(health, environment);
        if (!at_.style.cgroup_root.empty()) environment.cgroup_root = at_.style.cgroup_root;
        at_.gate = environment.umount_wait == "gate";
        const auto why = health.contains("umount_wait_why") && health["umount_wait_why"].is_string()
                             ? health["umount_wait_why"].get<std::string>()
                             : std::string{};
        if (!at_.gate && options_.umount_wait == "gate")
            co_return failure{"no_gate", "the gate does not work here: " + why, "drainctl doctor says more",
                              exit_code::cannot_run, 0};
        if (!at_.gate && options_.umount_wait == "auto")
            warnings.push_back("umount itself does not wait for the drain here, only drainctl does: " + why);
        for (const auto& limit : health.value("limits", json::array())) warnings.push_back(limit.get<std::string>());
        for (const auto& [point, width] : options_.widen) {
            json body{{"point", point}, {"for_us", width.count()}};
            auto widened = co_await api_.put("/widen", body);
            if (!widened) co_return refused(widened.error());
        }
        co_return client::success();
    }

    /// The daemon's refusal of a point's name is the user's mistake.
    static failure refused(failure why) {
        if (why.http_status >= 400 && why.http_status < 500) why.exit = exit_code::usage;
        why.message = "--widen: " + why.message;
        return why;
    }

    doing<void> do_begin(const experiment::scenario& s) {
        BOOST_OUTCOME_CO_TRYV(co_await background_.start(s.background, s.target.shares_bdi));
        json nothing = json::object();
        BOOST_OUTCOME_CO_TRYV(co_await api_.post("/counters/take", nothing));
        co_return client::success();
    }

    doing<std::vector<report::violation>> do_end() {
        BOOST_OUTCOME_CO_TRYV(co_await background_.stop());
        json nothing = json::object();
        BOOST_OUTCOME_CO_TRY(auto counters, co_await api_.post("/counters/take", nothing));
        // A watch on a cgroup may have failed meanwhile.
        BOOST_OUTCOME_CO_TRY(auto health, co_await api_.get("/health"));
        environment.memcg_death = health.value("memcg_death", environment.memcg_death.value_or("poll"));
        co_return cycle_of(counters).violations;
    }

    asio::awaitable<void> watch_daemon() {
        asio::posix::stream_descriptor pidfd{events_.executor(),
                                             static_cast<int>(syscall(SYS_pidfd_open, daemon_->pid(), 0))};
        const auto ec = co_await until_readable(pidfd);
        if (!ec && !stopping_) events_.stop(daemon_died(daemon_->log()));
    }

    void stop_daemon() {
        stopping_ = true;
        if (daemon_) [[maybe_unused]]
            const auto dropped = daemon_->stop(milliseconds(10'000));
        daemon_.reset();
    }

    const options options_;
    machine::sweeper sweeper_;  // first: it forks, and sweeps last
    loop events_;
    client::async_client api_;
    std::optional<daemons::private_daemon> daemon_;
    surroundings at_;
    background background_;
    std::uint64_t number_ = 0;
    std::vector<report::traced_event> recorded_;  ///< since the last cycle
    int deaths_ = 0, expected_deaths_ = 0;        ///< of targets
    bool stopping_ = false;
};

executor::executor(std::unique_ptr<impl> i) : impl_{std::move(i)} {}
executor::~executor() = default;

client::result<std::unique_ptr<executor>> executor::start(const options& options) {
    std::vector<std::string> warnings;
    warn_if_busy(warnings);
    BOOST_OUTCOME_TRY(auto root, housing_for(options, warnings));
    BOOST_OUTCOME_TRY(auto directory, private_directory());
    auto i = std::make_unique<impl>(options, directory, root);
    i->warnings = warnings;
    BOOST_OUTCOME_TRYV(i->start_daemon());
    return std::unique_ptr<executor>{new executor{std::move(i)}};
}

client::result<void> executor::begin(const experiment::scenario& s) { return impl_->begin(s); }
client::result<experiment::cycle_outcome> executor::cycle(const experiment::scenario& s, const std::string& policy) {
    return impl_->cycle(s, policy);
}
std::vector<report::violation> executor::end() { return impl_->end(); }
const report::environment_info& executor::environment() const { return impl_->environment; }
const std::vector<std::string>& executor::warnings() const { return impl_->warnings; }

}  // namespace drainlab::real
