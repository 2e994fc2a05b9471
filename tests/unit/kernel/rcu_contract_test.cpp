// The contract between the two RCUs: whatever the timed engine does, under any profile, the untimed one may do. So what
// the explorer finds safe with the one holds with the other.
#include "fusefs/profile/load.hpp"
#include "tests/unit/kernel/rcu_program.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::kernel;
using namespace drainlab::kernel::test;
using drainlab::sched::run_outcome;
using drainlab::sched::task;

namespace {

profile shipped(const std::string& name) {
    const auto loaded = drainlab::profile::load_profile(name, drainlab::profile::default_data_dirs());
    INFO(loaded.error);
    REQUIRE(loaded);
    return *loaded.value;
}

/// The shipped profiles, and each with the switches that choose another way through the engine.
std::vector<profile> all_profiles() {
    std::vector<profile> all;
    for (const auto& name : drainlab::profile::profile_names(drainlab::profile::default_data_dirs())) {
        profile p = shipped(name);
        all.push_back(p);
        if (p.zero) continue;
        p.wake_from_gp = !p.wake_from_gp;
        p.rcu_normal = !p.rcu_normal;
        all.push_back(p);
        p.rcu_normal = false;
        p.rcu_expedited = true;
        p.cpus = 2;
        all.push_back(p);
    }
    return all;
}

/// An RCU that is wrong in one way and right in all others.
enum class fault : std::uint8_t {
    synchronize_waits_1ms,
    expedited_returns,
    callback_after_1ms,
    barrier_is_synchronize
};

class faulty_rcu final : public rcu {
  public:
    faulty_rcu(drainlab::sched::scheduler& sched, rcu& right, fault what) : sched_{sched}, right_{right}, what_{what} {}
    read_section read_lock() override { return right_.read_lock(); }
    task<> synchronize() override {
        if (what_ != fault::synchronize_waits_1ms) return right_.synchronize();
        return after_1ms([] {});
    }
    task<> synchronize_expedited() override {
        if (what_ != fault::expedited_returns) return right_.synchronize_expedited();
        return []() -> task<> { co_return; }();
    }
    void call(std::function<void()> callback) override {
        if (what_ != fault::callback_after_1ms) return right_.call(std::move(callback));
        sched_.spawn("callback", after_1ms(std::move(callback)));
    }
    task<> barrier() override {
        return what_ == fault::barrier_is_synchronize ? right_.synchronize() : right_.barrier();
    }
    std::uint64_t grace_periods() const override { return right_.grace_periods(); }
    std::size_t callbacks_pending() const override { return right_.callbacks_pending(); }
    rcu_samples take_samples() override { return {}; }

  protected:
    void read_unlock(std::uint64_t) override {}

  private:
    task<> after_1ms(std::function<void()> what) {
        co_await sched_.sleep_for(std::chrono::milliseconds{1});
        what();
    }
    drainlab::sched::scheduler& sched_;
    rcu& right_;
    fault what_;
};

}  // namespace

TEST_CASE("whatever the timed RCU does under any profile, the untimed one may do", "[rcu][contract]") {
    std::size_t waits = 0, callbacks = 0, barriers = 0;
    for (const profile& p : all_profiles()) {
        for (std::uint64_t seed = 1; seed <= 25; ++seed) {
            rcu_program program{p, seed};
            const rcu_trace trace = program.run();
            CAPTURE(p.name, p.cpus, p.wake_from_gp, p.rcu_normal, p.rcu_expedited, seed);
            CHECK(program.ended() == run_outcome::finished);
            CHECK(rcu_rules::breaches(trace) == std::vector<std::string>{});
            for (const rcu_event& e : trace) {
                waits += e.what == seen::wait_ends;
                callbacks += e.what == seen::invoked;
                barriers += e.what == seen::barrier_ends;
            }
        }
    }
    CHECK(waits > 1000);
    CHECK(callbacks > 10'000);
    CHECK(barriers > 1000);
}

TEST_CASE("the same programs convict an RCU that is wrong in one way", "[rcu][contract]") {
    const auto convicted = [](fault what, const std::string& of) {
        int times = 0;
        for (std::uint64_t seed = 1; seed <= 25; ++seed) {
            rcu_program program{shipped("lab-4vcpu"), seed};
            program.put_before(
                [what](auto& sched, rcu& right) { return std::make_unique<faulty_rcu>(sched, right, what); });
            for (const auto& breach : rcu_rules::breaches(program.run())) times += breach.starts_with(of);
        }
        return times;
    };
    CHECK(convicted(fault::synchronize_waits_1ms, "synchronize_rcu()") > 0);
    CHECK(convicted(fault::expedited_returns, "synchronize_rcu()") > 0);
    CHECK(convicted(fault::callback_after_1ms, "callback") > 0);
    CHECK(convicted(fault::barrier_is_synchronize, "rcu_barrier()") > 0);
}

TEST_CASE("a wrong trace is refused, with what was wrong", "[rcu][contract]") {
    using breaches = std::vector<std::string>;
    const auto of = [](const rcu_trace& trace) { return rcu_rules::breaches(trace); };
    CHECK(of({{seen::reader_begins, 1, 0, 0},
              {seen::wait_begins, 2, 0, 0},
              {seen::wait_ends, 2, 0, 1},
              {seen::reader_ends, 1, 0, 1}}) ==
          breaches{"synchronize_rcu() 2 returned before the older reader 1 ended"});
    CHECK(of({{seen::wait_begins, 2, 0, 0},
              {seen::reader_begins, 3, 0, 0},
              {seen::wait_ends, 2, 0, 1},
              {seen::reader_ends, 3, 0, 1}}) == breaches{});  // a younger reader is not waited for
    CHECK(of({{seen::reader_begins, 1, 0, 0},
              {seen::queued, 2, 0, 0},
              {seen::invoked, 2, 0, 1},
              {seen::reader_ends, 1, 0, 1}}) == breaches{"callback 2 ran before the older reader 1 ended"});
    CHECK(of({{seen::queued, 1, 0, 7}, {seen::invoked, 1, 0, 7}}) == breaches{"callback 1 ran without a grace period"});
    CHECK(of({{seen::queued, 1, 0, 0}, {seen::queued, 2, 0, 0}, {seen::invoked, 2, 0, 1}, {seen::invoked, 1, 0, 1}}) ==
          breaches{"callback 2 ran before 1, which its CPU had queued earlier"});
    CHECK(of({{seen::queued, 1, 0, 0}, {seen::queued, 2, 1, 0}, {seen::invoked, 2, 1, 1}, {seen::invoked, 1, 0, 1}}) ==
          breaches{});
    CHECK(of({{seen::queued, 1, 0, 0}, {seen::invoked, 1, 0, 1}, {seen::invoked, 1, 0, 1}}) ==
          breaches{"callback 1 ran twice"});
    CHECK(of({{seen::queued, 1, 0, 0},
              {seen::barrier_begins, 2, 0, 0},
              {seen::barrier_ends, 2, 0, 1},
              {seen::invoked, 1, 0, 1}}) == breaches{"rcu_barrier() 2 returned before the older callback 1"});
    CHECK(of({{seen::barrier_begins, 1, 0, 0}, {seen::queued, 2, 0, 0}}) ==
          breaches{"rcu_barrier() 1 never returned", "callback 2 never ran"});
}
