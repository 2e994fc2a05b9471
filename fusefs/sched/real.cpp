#include "fusefs/sched/real.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace drainlab::sched {

namespace {
constexpr int steps_per_turn = 64;  // then the descriptors get their turn
}

struct real_scheduler::loop {
    explicit loop(boost::asio::io_context& context) : io{context}, timer{context} {}
    boost::asio::io_context& io;
    boost::asio::steady_timer timer;
    instant armed{instant::max()};
    bool posted{};
    bool running{};
    std::shared_ptr<bool> alive{std::make_shared<bool>(true)};
};

real_scheduler::real_scheduler(boost::asio::io_context& io) : loop_{std::make_unique<loop>(io)} {}

real_scheduler::~real_scheduler() {
    *loop_->alive = false;
    drop_all();
}

instant real_scheduler::now() const noexcept {
    return instant{std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())};
}

bool real_scheduler::preempt_here(point at, nanoseconds& width) {
    width = width_of(at);
    return width.count() > 0;
}

void real_scheduler::poked() {
    loop& l = *loop_;
    if (l.running || l.posted) return;
    if (ready().empty()) {
        arm();
        return;
    }
    l.posted = true;
    boost::asio::post(l.io, [this, alive = l.alive] {
        if (*alive) turn();
    });
}

void real_scheduler::turn() {
    loop& l = *loop_;
    l.posted = false;
    l.running = true;
    struct at_end {  // also when an exception leaves a fiber: the others go on in the next turn
        real_scheduler& self;
        ~at_end() {
            self.loop_->running = false;
            self.poked();
        }
    } const next_turn{*this};
    fire_timers(now());
    for (int i = 0; i < steps_per_turn && run_one(); ++i) {}
}

void real_scheduler::arm() {
    loop& l = *loop_;
    const instant next = next_deadline();
    if (next == l.armed) return;
    l.armed = next;
    if (next == instant::max()) {
        l.timer.cancel();
        return;
    }
    l.timer.expires_at(std::chrono::steady_clock::time_point{next.time_since_epoch()});
    l.timer.async_wait([this, alive = l.alive](boost::system::error_code error) {
        if (error || !*alive) return;
        loop_->armed = instant::max();
        turn();
    });
}

}  // namespace drainlab::sched
