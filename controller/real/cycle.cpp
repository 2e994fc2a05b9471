#include "controller/real/cycle.hpp"

#include "controller/real/values.hpp"
#include "fusefs/sched/random.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/outcome/try.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <unistd.h>

namespace drainlab::real {

namespace asio = boost::asio;
using client::failure;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds drain_limit{70'000};  // the daemon opens its gate after 60 s
constexpr milliseconds switch_limit{2'000};

/// The targets of a cycle and who worked on them.
struct targets {
    std::vector<mounted> mounts;
    std::vector<child> containers;  ///< one per mount in container scenarios; their cgroups go with the unmount
};

/// Writes the target until it has had its time, and, if wanted, until a switch of its own is in flight; then stops: the
/// file is closed and the cgroup removed when this returns.
doing<void> burn(const surroundings& at, const mounted& m, const experiment::target_setup& setup) {
    BOOST_OUTCOME_CO_TRY(auto burner, start_burner(at.events.executor(), at.style, m.dir, setup.writes));
    at.after_us.watch(burner.who());
    asio::steady_timer timer{at.events.executor(), setup.burn_for};
    co_await timer.async_wait(asio::use_awaitable);
    if (setup.in_flight) {
        auto seen = co_await at.api.wait_switch(m.id, switch_limit);
        if (!seen && seen.error().code != "timed_out") co_return seen.error();
    }
    burner.let_go();
    burner.send(SIGTERM);
    const int code = co_await burner.exited();
    if (code != 0) co_return workload_died(burner, "the burner on " + m.dir);
    co_return client::success();
}

doing<void> fill(const surroundings& at, const mounted& m, const experiment::target_setup& setup, targets& into) {
    BOOST_OUTCOME_CO_TRY(auto container, start_container(at.events.executor(), at.style, m.dir, setup.files));
    at.after_us.watch(container.who());
    const auto said = co_await container.line();
    if (said != "ready") {
        co_await container.exited();
        co_return workload_died(container, "the container on " + m.dir);
    }
    into.containers.push_back(std::move(container));
    co_return client::success();
}

doing<void> prepare(const surroundings& at, const experiment::target_setup& setup, targets& into) {
    for (const auto& m : into.mounts) {
        if (setup.load == experiment::target_load::burner) { BOOST_OUTCOME_CO_TRYV(co_await burn(at, m, setup)); }
        if (setup.load == experiment::target_load::container) {
            BOOST_OUTCOME_CO_TRYV(co_await fill(at, m, setup, into));
        }
    }
    co_return client::success();
}

/// One unmount among several; tells through `left` when it has returned.
struct calls {
    explicit calls(asio::any_io_executor executor, std::size_t n) : outcomes(n), left{n}, all_back{executor} {
        all_back.expires_at(asio::steady_timer::time_point::max());
    }
    std::vector<std::optional<client::result<umount_timing>>> outcomes;
    std::size_t left;
    asio::steady_timer all_back;
};

asio::awaitable<void> call_one(const surroundings& at, std::string dir, std::shared_ptr<calls> all, std::size_t i) {
    all->outcomes[i].emplace(co_await timed_umount(at.events.executor(), at.way, dir, at.directory));
    if (--all->left == 0) all->all_back.cancel();
}

/// Containers are told to remove their cgroups; then a random part of `within` passes, the same for a seed and cycle.
asio::awaitable<void> remove_cgroups(const surroundings& at, targets& what, milliseconds within, std::uint64_t number) {
    for (auto& c : what.containers) c.tell("\n");
    sched::random random{at.seed * 1'000'003 + number};
    const auto most = static_cast<std::uint64_t>(std::chrono::microseconds(within).count());
    asio::steady_timer timer{at.events.executor(), std::chrono::microseconds(random.below(most + 1))};
    if (most > 0) co_await timer.async_wait(asio::use_awaitable);
}

/// All targets at once.
doing<std::vector<umount_timing>> unmount_all(const surroundings& at, const targets& what) {
    const auto executor = at.events.executor();
    auto all = std::make_shared<calls>(executor, what.mounts.size());
    for (std::size_t i = 0; i < what.mounts.size(); ++i) at.events.spawn(call_one(at, what.mounts[i].dir, all, i));
    boost::system::error_code ec;
    co_await all->all_back.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    std::vector<umount_timing> timings;
    for (auto& outcome : all->outcomes) {
        if (!outcome) co_return failure{"cancelled", "cancelled", {}, client::exit_code::interrupted, 0};
        if (!*outcome) co_return outcome->error();
        timings.push_back(outcome->value());
    }
    co_return timings;
}

/// Somebody else had the mount open: it is taken away, and the cycle made again.
doing<experiment::cycle_outcome> give_way(const surroundings& at, const targets& what) {
    for (const auto& m : what.mounts) {
        json body{{"lazy", true}};
        auto dropped = co_await at.api.post("/mounts/" + m.id + "/umount", body);
        if (!dropped && dropped.error().code == "connection_lost") co_return dropped.error();
        rmdir(m.dir.c_str());
    }
    experiment::cycle_outcome o;
    o.repeat = "the target was busy";
    co_return o;
}

doing<report::umount_sample> sample_of(const surroundings& at, const mounted& m, const umount_timing& t) {
    BOOST_OUTCOME_CO_TRY(auto state, co_await at.api.wait_state(m.id, "dead", drain_limit));
    auto sample = umount_of(state, t.called_ns);
    sample.umount_ns = t.took_ns;
    if (!at.gate) sample.umount_ns = std::max(sample.umount_ns, sample.dead_ns.value_or(0));
    rmdir(m.dir.c_str());
    co_return sample;
}

doing<void> finish_containers(targets& what) {
    for (auto& c : what.containers) {
        const int code = co_await c.exited();
        if (code != 0) co_return workload_died(c, "a container");
    }
    co_return client::success();
}

/// When each unmount was called and had returned.
std::vector<report::traced_event> calls_of(const targets& what, const std::vector<umount_timing>& timings) {
    std::vector<report::traced_event> all;
    for (std::size_t i = 0; i < timings.size(); ++i) {
        const auto name = std::filesystem::path(what.mounts[i].dir).filename().string();
        const auto called = static_cast<std::int64_t>(timings[i].called_ns);
        all.push_back({called, "umount_called", name, "umount", {}, {}});
        all.push_back(
            {called + static_cast<std::int64_t>(timings[i].took_ns), "umount_returned", name, "umount", {}, {}});
    }
    return all;
}

bool any_busy(const std::vector<umount_timing>& timings) {
    return std::any_of(timings.begin(), timings.end(), [](const umount_timing& t) { return t.busy; });
}

}  // namespace

doing<experiment::cycle_outcome> one_cycle(const surroundings& at, const experiment::scenario& s, std::string policy,
                                           background& beside, std::uint64_t number) {
    json body{{"policy", policy}};
    BOOST_OUTCOME_CO_TRYV(co_await at.api.put("/policy", body));
    targets what;
    for (int i = 0; i < s.target.at_once; ++i) {
        const auto name = "target" + std::to_string(number) + "." + std::to_string(i);
        const std::string device = s.target.shares_bdi ? shared_device : "";
        BOOST_OUTCOME_CO_TRY(auto m, co_await mount_fresh(at, name, s.target.dirty_limit, device));
        what.mounts.push_back(m);
    }
    BOOST_OUTCOME_CO_TRYV(co_await prepare(at, s.target, what));
    if (!s.target.in_flight) { BOOST_OUTCOME_CO_TRYV(co_await beside.in_flight()); }
    co_await remove_cgroups(at, what, s.target.umount_within, number);
    BOOST_OUTCOME_CO_TRY(auto timings, co_await unmount_all(at, what));
    if (any_busy(timings)) co_return co_await give_way(at, what);
    experiment::cycle_outcome outcome;
    std::vector<report::umount_sample> samples;
    for (std::size_t i = 0; i < timings.size(); ++i) {
        BOOST_OUTCOME_CO_TRY(auto sample, co_await sample_of(at, what.mounts[i], timings[i]));
        if (s.target.in_flight && sample.in_flight_at_entry.value_or(0) == 0)
            outcome.repeat = "no switch of the target's own was in flight";
        if (at.gate && !sample.held) outcome.repeat = "the gate did not hold an unmount";
        samples.push_back(sample);
    }
    BOOST_OUTCOME_CO_TRYV(co_await finish_containers(what));
    json nothing = json::object();
    BOOST_OUTCOME_CO_TRY(auto counters, co_await at.api.post("/counters/take", nothing));
    outcome.sample = cycle_of(counters);
    outcome.sample.umounts = samples;
    if (at.events_wanted) outcome.sample.events = calls_of(what, timings);
    co_return outcome;
}

}  // namespace drainlab::real
