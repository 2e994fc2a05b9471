#include "tests/unit/real/on_loop.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>

using namespace drainlab;
using namespace drainlab::real;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

asio::awaitable<client::result<int>> gives(int n) { co_return n; }

asio::awaitable<client::result<int>> fails() {
    co_return client::failure{"busy", "it is busy", {}, client::exit_code::busy, 0};
}

/// Waits until it is cancelled.
asio::awaitable<client::result<int>> waits(loop& events) {
    asio::steady_timer for_ever{events.executor(), asio::steady_timer::time_point::max()};
    boost::system::error_code ec;
    co_await for_ever.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    co_return client::failure{"cancelled", "cancelled", {}, client::exit_code::interrupted, 0};
}

asio::awaitable<void> fires(std::shared_ptr<asio::steady_timer> timer) {
    timer->expires_at(asio::steady_timer::time_point::min());  // for who waits, and for who is yet to
    co_return;
}

asio::awaitable<void> stops(loop& events, client::failure why) {
    events.stop(std::move(why));
    co_return;
}

/// Does not hear of a cancellation: only what `free_the_stuck` does ends it.
asio::awaitable<client::result<int>> deaf(std::shared_ptr<asio::steady_timer> timer) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    boost::system::error_code ec;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ec));
    co_return 3;
}

}  // namespace

TEST_CASE("a coroutine runs to its end, and its failure comes out as it is", "[loop]") {
    loop events;
    CHECK(events.drive(gives(4), 30s).value() == 4);
    const auto failed = events.drive(fails(), 30s);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().exit == client::exit_code::busy);
    CHECK_FALSE(events.stopped());
    CHECK(events.drive(gives(5), 30s).value() == 5);  // a failure is not a stop
}

TEST_CASE("who stops the loop ends what runs and all that comes after; the first reason stays", "[loop]") {
    loop events;
    events.spawn(stops(events, {"daemon_died", "it died", {}, client::exit_code::broken, 0}));
    const auto out = events.drive(waits(events), 30s);
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "daemon_died");  // not that it was cancelled
    REQUIRE(events.stopped());
    events.stop({"other", "later", {}, client::exit_code::usage, 0});
    CHECK(events.stopped()->code == "daemon_died");
    CHECK(events.drive(gives(1), 30s).error().code == "daemon_died");
}

TEST_CASE("a signal is an interruption, exit 130", "[loop]") {
    loop events;
    raise(SIGTERM);
    const auto out = events.drive(waits(events), 30s);
    REQUIRE_FALSE(out);
    CHECK(events.stopped()->exit == client::exit_code::interrupted);
}

TEST_CASE("the run's limit is exit 124", "[loop]") {
    loop events;
    events.limit(0ns);
    const auto out = events.drive(waits(events), 30s);
    REQUIRE_FALSE(out);
    CHECK(events.stopped()->exit == client::exit_code::timed_out);
    CHECK(out.error().exit == client::exit_code::timed_out);
}

TEST_CASE("what does not end in its time is cancelled, and the loop stops", "[loop]") {
    loop events;
    const auto out = events.drive(waits(events), 0ns);
    REQUIRE_FALSE(out);
    CHECK(events.stopped()->code == "stuck");
}

TEST_CASE("what does not hear of its cancellation is freed by who can", "[loop]") {
    loop events;
    const auto timer = std::make_shared<asio::steady_timer>(events.executor(), asio::steady_timer::time_point::max());
    int asked = 0;
    events.free_the_stuck = [&] {
        ++asked;
        timer->cancel();
    };
    const auto out = events.drive(deaf(timer), 0ns);
    CHECK(asked == 1);
    CHECK(out.value() == 3);  // it came to its end after all
    CHECK(events.stopped()->code == "stuck");
}

TEST_CASE("what was spawned runs beside, and the loop knows when all of it has ended", "[loop]") {
    loop events;
    const auto timer = std::make_shared<asio::steady_timer>(events.executor(), asio::steady_timer::time_point::max());
    events.spawn(fires(timer));
    CHECK_FALSE(events.idle());
    CHECK(events.drive(deaf(timer), 30s).value() == 3);
    events.linger(30s, [&] { return events.idle(); });
    CHECK(events.idle());
}
