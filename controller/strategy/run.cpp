#include "controller/strategy/run.hpp"

#include "controller/daemons/launch.hpp"
#include "controller/experiment/plan.hpp"
#include "controller/machine/sweeper.hpp"
#include "controller/strategy/batch.hpp"
#include "fusefs/sched/random.hpp"

#include <fmt/format.h>

#include <sys/mount.h>

#include <filesystem>
#include <map>

namespace drainlab::strategy {

namespace {

std::string numbered(const std::string& base, const char* name, int i) { return fmt::format("{}/{}{}", base, name, i); }

/// What a failed batch left mounted goes with it.
class yard {
  public:
    explicit yard(std::string base) : base_(std::move(base)), after_us_(base_, {}) {}
    ~yard() {
        for (int i = 0; i < batch_size; ++i) umount2(numbered(base_, "m", i).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    }
    const std::string& base() const noexcept { return base_; }

  private:
    std::string base_;
    machine::sweeper after_us_;
};

struct gathered {
    explicit gathered(const std::string& policy) : cell{"strategy", policy} {}
    std::vector<std::vector<sample>> batches;
    report::collector cell;
};

}  // namespace

std::vector<std::chrono::nanoseconds> holders_of(const options& o, int round) {
    sched::random random{o.seed * 1'000'003 + static_cast<std::uint64_t>(round)};
    std::vector<std::chrono::nanoseconds> held(batch_size);
    for (auto& h : held) {
        const bool is_held = random.uniform() < o.held_share;
        const double length = random.uniform() * 2 * static_cast<double>(o.held_for.count());
        if (is_held) h = std::chrono::nanoseconds(static_cast<std::int64_t>(length) + 1);
    }
    return held;
}

client::result<std::vector<row>> run_strategies(const options& o,
                                                const std::function<void(const std::string&, int, int)>& tell,
                                                const std::function<bool()>& stop) {
    BOOST_OUTCOME_TRY(auto base, daemons::private_directory("strategy", o.socket));
    const yard here(std::move(base));  // makes a process: before any thread
    daemons::daemon_options daemon_options;
    daemon_options.socket = o.socket;
    if (!o.profile.empty()) daemon_options.profile = o.profile;
    BOOST_OUTCOME_TRY(auto daemon, daemons::private_daemon::start(daemon_options));
    return run_strategies_on(*make_real_ground(), {daemon.socket(), here.base()}, o, tell, stop);
}

client::result<std::vector<row>> run_strategies_on(ground& where, const site& here, const options& o,
                                                   const std::function<void(const std::string&, int, int)>& tell,
                                                   const std::function<bool()>& stop) {
    for (int i = 0; i < batch_size; ++i)
        for (const char* name : {"m", "s"}) std::filesystem::create_directories(numbered(here.base, name, i));
    const client::blocking_client api{here.socket};
    pool workers(o.workers);
    std::vector<std::string> names;
    std::map<std::string, gathered> all;
    for (const auto k : o.strategies) {
        names.emplace_back(name_of(k));
        all.emplace(names.back(), gathered{o.policy});
    }
    const int rounds = experiment::cycles_for(o.samples, batch_size);
    const auto plan = experiment::interleave(names, rounds, o.seed);
    for (std::size_t i = 0; i < plan.size() && !stop(); ++i) {
        tell(plan[i].policy, static_cast<int>(i), static_cast<int>(plan.size()));
        const auto held = holders_of(o, static_cast<int>(i / names.size()));
        BOOST_OUTCOME_TRY(auto done, batch(o, where, api, workers, here.base).run(*kind_named(plan[i].policy), held));
        if (plan[i].warm_up) continue;
        auto& mine = all.at(plan[i].policy);
        mine.batches.push_back(std::move(done.samples));
        mine.cell.add(done.measured);
    }
    std::vector<row> rows;
    for (const auto k : o.strategies) {
        const auto& mine = all.at(std::string(name_of(k)));
        rows.push_back({figures_of(k, mine.batches), mine.cell.make()});
    }
    return rows;
}

}  // namespace drainlab::strategy
