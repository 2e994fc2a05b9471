// A daemon that lives for days spawns more fibers than 32 bits
// can count, while its services wait from the first hour on.
#include "fusefs/sched/scheduler.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>

using namespace drainlab::sched;
using namespace std::chrono_literals;

namespace {

/// In order of arrival, at an instant of the test's own.
class old_scheduler final : public scheduler {
  public:
    ~old_scheduler() override { drop_all(); }
    instant now() const noexcept override { return now_; }
    using scheduler::count_from;
    void run(nanoseconds later = 0ns) {
        fire_timers(now_ += later);
        while (run_one()) {}
    }

  private:
    std::size_t choose(const std::deque<fiber*>&) override { return 0; }
    bool preempt_here(point, nanoseconds&) override { return false; }
    instant now_{1ns};
};

constexpr fiber_id after_days = std::numeric_limits<std::uint32_t>::max() - 2;

task<> sleeper(scheduler& s, std::string& log, std::string name, nanoseconds d) {
    const bool told = co_await s.sleep_for(d);
    log += name + (told ? " woken;" : " slept;");
}
task<> service(scheduler& s, std::string& log, const int& work) {
    for (;;) {
        co_await s.wait_on(&work, "work");
        log += "served;";
    }
}

}  // namespace

TEST_CASE("fibers: past 2^32 of them, the new ones are none of the old", "[scheduler]") {
    old_scheduler s;
    std::string log;
    const int work = 0;
    std::set<fiber_id> ids;
    for (int i = 0; i < 3; ++i) ids.insert(s.spawn("service", service(s, log, work), fiber_kind::service).id);
    s.run();

    s.count_from(after_days);
    for (int i = 0; i < 8; ++i) {
        const auto& f = s.spawn("young", service(s, log, work), fiber_kind::service);
        CHECK(f.id > *ids.rbegin());
        ids.insert(f.id);
    }
    s.run();
    CHECK(ids.size() == 11);
    CHECK(s.live_fibers() == 11);
    CHECK(s.waiting().size() == 11);

    s.wake_one(&work);
    s.run();
    CHECK(log == "served;");
    CHECK(s.waiting().front().task == "service");  // oldest first, still
    s.wake_all(&work);
    s.run();
    CHECK(s.waiting().size() == 11);
}

TEST_CASE("fibers: past 2^32 of them, every timer wakes its own", "[scheduler]") {
    old_scheduler s;
    std::string log;
    s.spawn("old", sleeper(s, log, "old", 1h));
    s.run();
    s.count_from(after_days);
    for (const char* name : {"a", "b", "c", "d", "e"}) s.spawn(name, sleeper(s, log, name, 1ms));
    s.run();
    s.run(1ms);
    CHECK(log == "a slept;b slept;c slept;d slept;e slept;");
    CHECK(s.live_fibers() == 1);
    s.run(1h);
    CHECK(log.ends_with("e slept;old slept;"));
    CHECK(s.live_fibers() == 0);
}
