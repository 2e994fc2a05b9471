#include "fusefs/kernel/workqueue.hpp"

#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/sched/simulated.hpp"
#include "tests/unit/kernel/steady_machine.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::kernel;
using namespace std::chrono_literals;
using sched::run_outcome;
using sched::task;

namespace {

profile four_cpus() {
    profile p;
    p.cpus = 4;
    p.hz = 250;
    return p;
}

struct world {
    explicit world(std::uint64_t seed = 1, int max_active = 0)
        : sched{{seed}}, cpus{sched, four_cpus(), 0, 10us}, wq{sched, cpus, "isw_wq", max_active} {}

    /// A work that takes `length` and notes its end.
    work_struct timed(std::string name, nanoseconds length) {
        return {name, [this, length, name] { return run(length, name); }};
    }
    task<> run(nanoseconds length, std::string name) {
        ++active;
        most_active = std::max(most_active, active);
        co_await sched.sleep_for(length, "the work's own sleep");
        --active;
        ended.push_back(name);
    }
    task<> flush_and_note(std::vector<std::string>* seen) {
        co_await wq.flush();
        *seen = ended;
    }

    sched::simulated_scheduler sched;
    steady_machine cpus;
    workqueue wq;
    std::vector<std::string> ended;
    int active{}, most_active{};
};

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE("a flush waits for all older items, of anybody, and for none queued later", "[workqueue]") {
    const auto seed = GENERATE(range(1u, 40u));
    CAPTURE(seed);
    world w{seed};
    auto a = w.timed("a", 5ms), b = w.timed("b", 20ms), later = w.timed("later", 1ms), latest = w.timed("latest", 50ms);
    std::vector<std::string> seen;
    REQUIRE(w.wq.queue(a));
    REQUIRE(w.wq.queue(b));
    w.sched.spawn("umount", w.flush_and_note(&seen));
    const auto queue_more = [](world& here, work_struct& x, work_struct& y) -> task<> {
        co_await here.sched.sleep_for(1ms);
        here.wq.queue(x);
        here.wq.queue(y);
    };
    w.sched.spawn("neighbour", queue_more(w, later, latest));
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(has(seen, "a"));
    CHECK(has(seen, "b"));
    CHECK_FALSE(has(seen, "latest"));
    CHECK(w.ended.size() == 4);
}

TEST_CASE("a flush of an empty workqueue returns at once", "[workqueue]") {
    world w;
    std::vector<std::string> seen{"untouched"};
    w.sched.spawn("umount", w.flush_and_note(&seen));
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(seen.empty());
    CHECK(w.sched.now() == sched::instant{});
}

TEST_CASE("a work queued while it pends runs once, queued while it runs it runs once more", "[workqueue]") {
    world w;
    auto a = w.timed("a", 5ms);
    CHECK(w.wq.queue(a));
    CHECK_FALSE(w.wq.queue(a));
    const auto again = [](world& here, work_struct& x) -> task<> {
        co_await here.sched.sleep_for(2ms);
        CHECK(x.running);
        CHECK(here.wq.queue(x));
        CHECK(x.requeued);
        CHECK_FALSE(here.wq.queue(x));
        co_await here.wq.flush();
        CHECK(here.ended.size() == 2);
    };
    w.sched.spawn("again", again(w, a));
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.ended.size() == 2);
    CHECK(w.most_active == 1);
    CHECK_FALSE(a.running);
    CHECK_FALSE(a.pending);
}

TEST_CASE("a flush that finds a work running does not wait for its second run", "[workqueue]") {
    world w;
    auto a = w.timed("a", 10ms);
    w.wq.queue(a);
    std::vector<std::string> seen;
    const auto flush_then_queue = [](world& here, work_struct& x, std::vector<std::string>* out) -> task<> {
        co_await here.sched.sleep_for(2ms);
        here.sched.spawn("umount", here.flush_and_note(out));
        co_await here.sched.sleep_for(2ms);
        here.wq.queue(x);
    };
    w.sched.spawn("later", flush_then_queue(w, a, &seen));
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(seen.size() == 1);
    CHECK(w.ended.size() == 2);
}

TEST_CASE("items that sleep overlap, up to max_active", "[workqueue]") {
    const int limit = GENERATE(0, 1, 3);
    world w{1, limit};
    std::vector<work_struct> works;
    for (int i = 0; i < 10; ++i) works.push_back(w.timed("w" + std::to_string(i), 5ms));
    for (auto& work : works) w.wq.queue(work);
    CHECK(w.wq.pending() == 10);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.ended.size() == 10);
    CHECK(w.most_active == (limit == 0 ? 10 : limit));
    CHECK(w.wq.pending() == 0);
    CHECK(w.wq.running() == 0);
}

TEST_CASE("more flushers than colours all end, each after what was queued before it", "[workqueue]") {
    const auto seed = GENERATE(range(1u, 20u));
    CAPTURE(seed);
    world w{seed};
    constexpr int count = 40;
    std::vector<work_struct> works;
    for (int i = 0; i < count; ++i) works.push_back(w.timed("w" + std::to_string(i), 30ms));
    std::vector<std::vector<std::string>> seen(count);
    const auto one_by_one = [](world& here, std::vector<work_struct>& all, auto& out) -> task<> {
        for (std::size_t i = 0; i < all.size(); ++i) {
            here.wq.queue(all[i]);
            here.sched.spawn("flusher", here.flush_and_note(&out[i]));
            co_await here.sched.sleep_for(1ms);
        }
    };
    w.sched.spawn("producer", one_by_one(w, works, seen));
    REQUIRE(w.sched.run() == run_outcome::finished);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t k = 0; k <= i; ++k) CHECK(has(seen[i], "w" + std::to_string(k)));
    CHECK_FALSE(has(seen[0], "w1"));
}

TEST_CASE("a flush of an item that never ends is reported as a deadlock, with both who wait", "[workqueue]") {
    world w;
    work_struct stuck{"inode_switch_wbs", [&w]() -> task<> { co_await w.sched.wait_on(&w, "wb_switch_rwsem"); }};
    w.wq.queue(stuck);
    std::vector<std::string> seen;
    w.sched.spawn("umount", w.flush_and_note(&seen));
    CHECK(w.sched.run() == run_outcome::deadlock);
    std::vector<std::string> what;
    for (const auto& x : w.sched.waiting()) what.push_back(x.task + ": " + x.waits_for);
    CHECK(has(what, "umount: flush_workqueue()"));
    CHECK(has(what, "inode_switch_wbs: wb_switch_rwsem"));
}

TEST_CASE("delayed work runs when it is due, and not once cancelled", "[workqueue]") {
    world w;
    delayed_work dwork{w.timed("flusher", 1ms)};
    const auto user = [](world& here, delayed_work& d) -> task<> {
        CHECK(here.wq.queue_delayed(d, 5s));
        CHECK_FALSE(here.wq.queue_delayed(d, 1s));  // already armed: keeps its time
        co_await here.sched.sleep_for(4s);
        CHECK(here.ended.empty());
        CHECK(here.wq.mod_delayed(d, 3s));  // moved to 7 s
        co_await here.sched.sleep_for(2s);
        CHECK(here.ended.empty());
        co_await here.sched.sleep_for(2s);
        CHECK(here.ended.size() == 1);
        CHECK_FALSE(here.wq.mod_delayed(d, 1s));
        co_await here.wq.cancel_sync(d);
        co_await here.sched.sleep_for(2s);
        CHECK(here.ended.size() == 1);
        here.wq.mod_delayed(d, 0ns);
        co_await here.sched.sleep_for(500us);
        CHECK(d.work.running);
        co_await here.wq.cancel_sync(d);  // waits for the run
        CHECK(here.ended.size() == 2);
        here.wq.mod_delayed(d, 0ns);
        co_await here.wq.cancel_sync(d);  // before it began
    };
    w.sched.spawn("user", user(w, dwork));
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.ended.size() == 2);
    CHECK(w.wq.pending() == 0);
}

TEST_CASE("flush_work waits for this work only", "[workqueue]") {
    world w;
    auto quick = w.timed("quick", 2ms), slow = w.timed("slow", 50ms);
    w.wq.queue(slow);
    w.wq.queue(quick);
    const auto user = [](world& here, work_struct& x) -> task<> {
        co_await here.wq.flush_work(x);
        CHECK(here.ended == std::vector<std::string>{"quick"});
        co_await here.wq.flush_work(x);  // nothing queued: at once
        CHECK(here.sched.now() < sched::instant{3ms});
    };
    w.sched.spawn("user", user(w, quick));
    REQUIRE(w.sched.run() == run_outcome::finished);
}

TEST_CASE("RCU work is seen by a flush only after its grace period", "[workqueue]") {
    world w;
    rcu_untimed r{w.sched};
    auto work = w.timed("switch", 1ms);
    const auto user = [](world& here, rcu_untimed& rcu, work_struct& x) -> task<> {
        auto reader = rcu.read_lock();
        here.wq.queue_rcu(rcu, x);
        here.wq.queue_rcu(rcu, x);  // pending already
        reader.unlock();
        co_await here.wq.flush();
        CHECK(here.ended.empty());
        co_await rcu.barrier();
        co_await here.wq.flush();
        CHECK(here.ended.size() == 1);
    };
    w.sched.spawn("user", user(w, r, work));
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.ended.size() == 1);
}
