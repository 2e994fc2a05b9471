// The second opinion about grace periods: one formula for each.
#include "controller/result/write.hpp"
#include "controller/sim/gp_formula.hpp"
#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/simulated.hpp"
#include "tests/sim/simulator/runs.hpp"

using namespace drainlab;
using namespace drainlab::tests;
using namespace std::chrono_literals;
using sched::task;

namespace {

task<> and_then_set(task<> body, bool& done) {
    co_await body;
    done = true;
}

/// A machine on which nobody runs.
struct idle_machine {
    explicit idle_machine(kernel::profile of = {}) : p{of} {}
    ~idle_machine() { sched.drop_all(); }

    /// How long `body` takes.
    sched::nanoseconds took(task<> body) {
        bool done = false;
        const auto since = sched.now();
        sched.spawn("body", and_then_set(std::move(body), done));
        REQUIRE(sched.run_until([&] { return done; }, since + 10min) == sched::run_outcome::finished);
        return sched.now() - since;
    }
    /// The forcing interval.
    sched::nanoseconds forcing() const { return p.tick() * kernel::rcu_engine::jiffies_till_fqs(p.hz, cpus.cpus()); }

    kernel::profile p;
    sched::simulated_scheduler sched{sched::simulated_options{1}};
    kernel::machine_sim cpus{sched, p, 1};
    std::unique_ptr<kernel::rcu> rcu{sim::make_gp_formula(sched, cpus, p, 1)};
};

task<> nothing(sched::scheduler& s, sched::nanoseconds how_long) { co_await s.sleep_for(how_long); }

task<> unlock_after(sched::scheduler& s, kernel::rcu::read_section section, sched::nanoseconds when) {
    co_await s.sleep_for(when);
    section.unlock();
}

}  // namespace

TEST_CASE("by the formula a grace period of an idle machine is 0.1 to 0.5 ms and the forcing interval", "[sim][rcu]") {
    idle_machine m;
    for (int n = 0; n < 50; ++n) {
        const auto length = m.took(m.rcu->synchronize());
        CHECK(length >= m.forcing() + 100us);
        CHECK(length < m.forcing() + 500us);
    }
    CHECK(m.rcu->grace_periods() == 50);
    const auto seen = m.rcu->take_samples();
    CHECK(seen.synchronize.size() == 50);
    CHECK(seen.barrier.empty());
    CHECK(m.rcu->take_samples().synchronize.empty());
}

TEST_CASE("by the formula it waits for the sections that began before it, and for no later one", "[sim][rcu]") {
    idle_machine m;
    m.sched.spawn("reader", unlock_after(m.sched, m.rcu->read_lock(), 100ms));
    CHECK(m.took(m.rcu->synchronize()) == 100ms);
    CHECK(m.took(m.rcu->synchronize()) < 100ms);
    bool first_done = false;
    m.sched.spawn("first", and_then_set(m.rcu->synchronize(), first_done));
    (void)m.took(nothing(m.sched, 50us));  // the grace period has begun
    auto later = m.rcu->read_lock();
    CHECK(m.sched.run_until([&] { return first_done; }, m.sched.now() + 1s) == sched::run_outcome::finished);
    later.unlock();
}

TEST_CASE("by the formula callbacks run in order at a tick behind their grace period; a barrier waits for them",
          "[sim][rcu]") {
    idle_machine m;
    CHECK(m.took(m.rcu->barrier()) == 0ns);  // there is none to wait for
    std::vector<int> ran;
    for (const int n : {1, 2, 3}) m.rcu->call([&ran, n] { ran.push_back(n); });
    CHECK(m.rcu->callbacks_pending() == 3);
    const auto length = m.took(m.rcu->barrier());
    CHECK(ran == std::vector<int>{1, 2, 3});
    CHECK(length >= m.forcing() + 100us);
    CHECK(length <= m.forcing() + 500us + 2 * m.p.tick());
    CHECK(m.rcu->callbacks_pending() == 0);
    CHECK(m.rcu->take_samples().barrier.size() == 2);
}

TEST_CASE("by the formula an expedited grace period is an interrupt, unless rcu_normal makes it another one",
          "[sim][rcu]") {
    kernel::profile p;
    p.expedited_ipi = 70us;
    idle_machine m{p};
    CHECK(m.took(m.rcu->synchronize_expedited()) == 70us);
    CHECK(m.rcu->grace_periods() == 0);
    p.rcu_normal = true;
    idle_machine normal{p};
    CHECK(normal.took(normal.rcu->synchronize_expedited()) >= normal.forcing());
    CHECK(normal.rcu->grace_periods() == 1);
}

TEST_CASE("the formula and the mechanism agree about who waits: base long, persb not", "[sim][rcu]") {
    auto g = grid_of({"idle_cross_pressure"}, {"base", "persb"}, 20);
    const auto mechanism = simulate(g);
    g.machine.gp_model = "formula";
    const auto formula = simulate(g);
    CHECK(report::to_json(formula) == report::to_json(simulate(g)));
    const char* const where = "idle_cross_pressure";
    CHECK(p50(formula, where, "base") > 5 * p50(formula, where, "persb"));
    CHECK(p50(formula, where, "base") < 2 * p50(mechanism, where, "base"));
    CHECK(3 * p50(formula, where, "base") > p50(mechanism, where, "base"));
    CHECK(p50(formula, where, "persb") == Approx(p50(mechanism, where, "persb")).epsilon(0.25));
    g.machine.gp_model = "none";
    CHECK(p50(simulate(g), where, "base") < p50(formula, where, "base") / 5);
}
