#include "fusefs/storage/io_pool.hpp"

#include "fusefs/sched/real.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <future>

using namespace drainlab;

namespace {

struct world {
    boost::asio::io_context io;
    std::unique_ptr<sched::real_scheduler> sched{std::make_unique<sched::real_scheduler>(io)};
    storage::io_pool pool{*sched, [this](std::function<void()> f) { boost::asio::post(io, std::move(f)); }, 2};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
    ~world() { sched.reset(); }
};

sched::task<> run_job(storage::io_pool::lane& lane, std::function<long()> job, long& result, world& w) {
    result = co_await lane.run(std::move(job), "job");
    w.io.stop();
}

sched::task<> run_quietly(storage::io_pool::lane& lane, std::function<long()> job, int& ended) {
    co_await lane.run(std::move(job), "slow job");
    ++ended;
}

}  // namespace

TEST_CASE("A job's result comes back to the fiber that asked", "[pool]") {
    world w;
    storage::io_pool::lane lane{w.pool};
    long result = 0;
    w.sched->spawn("fiber", run_job(
                                lane, [] { return 42L; }, result, w));
    w.io.run();
    CHECK(result == 42);
    CHECK(lane.in_flight() == 0);
}

TEST_CASE("A draining mount's job does not wait for another mount's slow store", "[pool]") {
    world w;
    storage::io_pool::lane slow{w.pool}, draining{w.pool};
    std::promise<void> release;
    const auto released = release.get_future().share();
    int ended = 0;
    for (int k = 0; k < 8; ++k) {  // more than the pool has threads
        std::function<long()> job = [released] { return released.wait(), 0L; };
        w.sched->spawn("slow", run_quietly(slow, std::move(job), ended));
    }
    draining.begin_drain();
    long result = 0;
    w.sched->spawn("drain", run_job(
                                draining, [] { return 7L; }, result, w));
    w.io.run();  // ends only if the drain's job ran while all the others are stuck
    CHECK(result == 7);
    CHECK(ended == 0);
    draining.end_drain();
    release.set_value();
    w.io.restart();
    while (ended < 8) w.io.run_one();
    CHECK(slow.in_flight() == 0);
}
