// Small programs under both RCUs, every order of their events: the timed one shows nothing that the untimed one does
// not allow, and everything that it does allow, under some timing.
#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/sched/exhaustive.hpp"
#include "fusefs/sched/search.hpp"
#include "tests/unit/kernel/rcu_small.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab::kernel;
using namespace drainlab::kernel::test;
namespace sched = drainlab::sched;

namespace {

constexpr sched::point between{"between"};
constexpr std::uint64_t most_timings = 20'000;

/// An RCU that permits more than RCU does: nobody waits for readers.
class lax_rcu final : public rcu {
  public:
    explicit lax_rcu(sched::scheduler& s) : sched_{s} {}
    read_section read_lock() override { return {}; }
    sched::task<> synchronize() override { co_await sched_.yield(); }
    sched::task<> synchronize_expedited() override { return synchronize(); }
    void call(std::function<void()> callback) override { sched_.spawn("callback", late(std::move(callback))); }
    sched::task<> barrier() override { return synchronize(); }
    std::uint64_t grace_periods() const override { return 0; }
    std::size_t callbacks_pending() const override { return 0; }
    rcu_samples take_samples() override { return {}; }

  protected:
    void read_unlock(std::uint64_t) override {}

  private:
    sched::task<> late(std::function<void()> callback) {
        co_await sched_.yield();
        callback();
    }
    sched::scheduler& sched_;
};

sched::task<> let_others_come(sched::scheduler& s) { co_await s.preempt(between); }

/// All that `program` can show under an RCU without time, by exhaustive search.
template <class Rcu>
outcomes untimed(const small_program& program) {
    outcomes all;
    sched::depth_first choices;
    do {
        sched::exhaustive_scheduler s{choices, {}};
        Rcu rcu{s};
        small_run run{s, rcu, [&s] { return let_others_come(s); }};
        run.spawn(program);
        REQUIRE(s.run() == sched::exhaustive_outcome::finished);
        all.insert(run.shown());
        s.drop_all();
    } while (choices.next());
    return all;
}

const std::vector<profile>& profiles() {
    static const std::vector<profile> all = [] {
        std::vector<profile> list;
        const auto dirs = drainlab::profile::default_data_dirs();
        for (const auto& name : drainlab::profile::profile_names(dirs)) {
            const auto loaded = drainlab::profile::load_profile(name, dirs);
            REQUIRE(loaded);
            if (!loaded.value->zero) list.push_back(*loaded.value);
        }
        return list;
    }();
    return all;
}

/// One run under the timed RCU: profile, its switches, the machine's load and all pauses follow from `seed`.
std::string timed(const small_program& program, std::uint64_t seed, bool lax = false) {
    sched::random random{seed};
    profile p = profiles()[random.below(profiles().size())];
    p.background_callbacks_per_s = 0;
    p.cpus = 2 + static_cast<int>(random.below(3));
    constexpr std::int64_t wake_us[] = {5, 200, 5000, 60'000};
    p.worker_wake = nanoseconds{wake_us[random.below(4)] * 1000};
    p.wake_from_gp = random.below(2) == 0;
    p.rcu_normal = random.below(4) == 0;
    p.rcu_expedited = !p.rcu_normal && random.below(4) == 0;
    sched::simulated_scheduler s{{seed}};
    machine_sim cpus{s, p, seed};
    const auto engine = make_rcu(s, cpus, p, seed);
    lax_rcu nothing{s};
    rcu& used = lax ? static_cast<rcu&>(nothing) : *engine;
    small_run run{s, used, [&] { return some_pause(s, cpus, random); }};
    run.spawn(program);
    REQUIRE(s.run(sched::instant{std::chrono::minutes{10}}) == sched::run_outcome::finished);
    s.run_for(std::chrono::seconds{5});  // callbacks that nobody waits for
    s.drop_all();
    return run.shown();
}

const std::vector<small_program>& programs() {
    static const std::vector<small_program> all{{"r", "s"},      {"r", "e"},      {"r", "c"},  {"k", "s"},
                                                {"rs", "r"},     {"cs", "r"},     {"cb", "r"}, {"c", "b", "r"},
                                                {"s", "s", "r"}, {"s", "e", "r"}, {"cc", "b"}, {"kb", "e"}};
    return all;
}

std::string text(const small_program& program) {
    std::string all;
    for (const auto& task : program) all += (all.empty() ? "" : " | ") + task;
    return all;
}

}  // namespace

TEST_CASE("the timed RCU refines the untimed one, and the untimed one allows nothing that no timing shows",
          "[rcu][refinement]") {
    for (const small_program& program : programs()) {
        const outcomes allowed = untimed<rcu_untimed>(program);
        CAPTURE(text(program), allowed.size());
        REQUIRE(allowed.size() > 1);
        outcomes missing = allowed;
        std::uint64_t seed = 0;
        while (seed < 500 || (!missing.empty() && seed < most_timings)) {
            const std::string shown = timed(program, ++seed);
            CAPTURE(seed, shown);
            REQUIRE(allowed.contains(shown));  // each trace of the timed engine is one of the untimed
            missing.erase(shown);
        }
        CAPTURE(missing);
        CHECK(missing.empty());  // each of the untimed is reached under some timing
    }
}

TEST_CASE(
    "either direction can fail: an RCU that waits for nobody shows more than is allowed, and allows more than is shown",
    "[rcu][refinement]") {
    const small_program program{"r", "s"};
    const outcomes allowed = untimed<rcu_untimed>(program), too_many = untimed<lax_rcu>(program);
    CHECK(std::includes(too_many.begin(), too_many.end(), allowed.begin(), allowed.end()));
    CHECK(too_many.size() > allowed.size());
    outcomes lax, strict;
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        lax.insert(timed(program, seed, true));
        strict.insert(timed(program, seed));
    }
    CHECK_FALSE(std::includes(allowed.begin(), allowed.end(), lax.begin(), lax.end()));
    CHECK(strict == allowed);
    CHECK_FALSE(strict == too_many);
}
