#include "controller/strategy/pool.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>

using drainlab::strategy::pool;

TEST_CASE("a pool takes jobs at once and does as many together as it has workers", "[strategy]") {
    pool p(2);
    std::promise<void> open;
    const auto gate = open.get_future().share();
    std::atomic<int> begun{0}, done{0};
    std::promise<void> both;
    for (int i = 0; i < 5; ++i)
        p.hand_over([&] {
            if (++begun == 2) both.set_value();
            gate.wait();
            ++done;
        });
    both.get_future().wait();  // two wait inside, three are queued, and we are here
    CHECK(begun == 2);
    CHECK(done == 0);
    open.set_value();
    p.wait_idle();
    CHECK(done == 5);
}

TEST_CASE("a pool works off what it has before it ends", "[strategy]") {
    std::atomic<int> done{0};
    {
        pool p(1);
        for (int i = 0; i < 10; ++i) p.hand_over([&] { ++done; });
    }
    CHECK(done == 10);
}
