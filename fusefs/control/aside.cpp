#include "fusefs/control/aside.hpp"

#include "fusefs/os/own_table.hpp"
#include "fusefs/os/pass_fd.hpp"
#include "fusefs/os/when_readable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;

/// One piece of work. Thread and loop may each outlive the other's interest in it.
struct handover {
    enum class state { working, finished, left_alone };
    std::atomic<state> at{state::working};
    aside_work work;
    std::shared_ptr<std::atomic<int>> taken;

    bool becomes(state next) {
        auto was = state::working;
        return at.compare_exchange_strong(was, next);
    }
};

constexpr auto idle_for = std::chrono::seconds{1};

/// Ends when this goes.
struct aside_thread {
    os::unique_fd ours;  ///< our end of the socket, in the loop's table
    int other_end{-1};   ///< its end; a copy of it in our table, too, once it has left that
    std::atomic<bool> own_table{};

    void give(std::shared_ptr<handover> h) {
        const std::lock_guard lock{mutex_};
        next_ = std::move(h);
    }
    std::shared_ptr<handover> take() {
        const std::lock_guard lock{mutex_};
        return std::exchange(next_, nullptr);
    }

    ~aside_thread() {
        if (own_table && other_end >= 0) ::close(other_end);
    }

  private:
    std::mutex mutex_;
    std::shared_ptr<handover> next_;  ///< there before the byte that says so
};

}  // namespace

struct aside_idle : std::enable_shared_from_this<aside_idle> {
    struct one {
        std::shared_ptr<aside_thread> thread;
        std::chrono::steady_clock::time_point since;
    };
    std::vector<one> all;  // the longest idle first
    bool timed{};

    std::shared_ptr<aside_thread> take() {
        if (all.empty()) return nullptr;
        auto thread = std::move(all.back().thread);
        all.pop_back();
        return thread;
    }
    void put(asio::io_context& io, std::shared_ptr<aside_thread> thread) {
        all.push_back({std::move(thread), std::chrono::steady_clock::now()});
        if (!std::exchange(timed, true)) let_go_later(io);
    }
    void let_go_later(asio::io_context& io) {
        const auto timer = std::make_shared<asio::steady_timer>(io, idle_for);
        timer->async_wait([timer, &io, self = shared_from_this()](const boost::system::error_code& error) {
            const auto now = std::chrono::steady_clock::now();
            std::erase_if(self->all, [now](const one& o) { return now - o.since >= idle_for; });
            self->timed = !error && !self->all.empty();
            if (self->timed) self->let_go_later(io);
        });
    }
};

aside_room::aside_room(int most_at_a_time, std::size_t that_stay)
    : taken{std::make_shared<std::atomic<int>>(0)},
      most{most_at_a_time},
      stay{that_stay},
      idle{std::make_shared<aside_idle>()} {}

namespace {

/// In the thread. A byte of the loop says that there is work, a byte of ours that it is done; both may bring a
/// descriptor. The end of the socket is the end of the thread.
void serve(const std::weak_ptr<aside_thread>& us, int socket) {
    os::block_signals();
    if (const auto t = us.lock()) t->own_table = os::leave_descriptors({socket});
    for (os::unique_fd brought; os::receive(socket, brought); brought.reset()) {
        std::shared_ptr<handover> h;
        if (const auto t = us.lock()) h = t->take();
        if (!h) break;
        const auto fd = h->work(brought.get(), [&h] { return h->becomes(handover::state::finished); });
        h->work = nullptr;
        brought.reset();
        --*h->taken;
        if (!os::send_fd(socket, fd.get())) break;
    }
    ::shutdown(socket, SHUT_RDWR);
    os::unique_fd{socket}.reset();
}

std::shared_ptr<aside_thread> start_thread(int& err) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        err = errno;
        return nullptr;
    }
    const auto t = std::make_shared<aside_thread>();
    t->ours.reset(pair[0]);
    try {
        std::thread{serve, std::weak_ptr{t}, pair[1]}.detach();
    } catch (const std::exception&) {
        ::close(pair[1]);
        err = EAGAIN;
        return nullptr;
    }
    t->other_end = pair[1];
    return t;
}

struct waiting : std::enable_shared_from_this<waiting> {
    waiting(asio::io_context& loop, const aside_room& r, std::shared_ptr<aside_thread> t, std::shared_ptr<handover> h,
            aside_done then)
        : io{loop},
          stay{r.stay},
          idle{r.idle},
          thread{std::move(t)},
          socket{io, thread->ours.get()},
          timer{io},
          work{std::move(h)},
          done{std::move(then)} {}
    ~waiting() {
        if (socket.is_open()) socket.release();  // the thread's owner closes it
    }
    asio::io_context& io;
    const std::size_t stay;
    std::shared_ptr<aside_idle> idle;
    std::shared_ptr<aside_thread> thread;
    asio::posix::stream_descriptor socket;
    asio::steady_timer timer;
    std::shared_ptr<handover> work;
    aside_done done;

    void start(std::chrono::milliseconds limit) {
        timer.expires_after(limit);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            // A work that has just finished is heard of in a moment.
            if (!error && self->work->becomes(handover::state::left_alone)) self->tell(ETIMEDOUT, {});
        });
        hear();
    }
    void hear() {
        os::when_readable([self = shared_from_this()] { return self->socket.is_open() ? &self->socket : nullptr; },
                          [self = shared_from_this()] { self->take_answer(); });
    }
    void take_answer() {
        os::unique_fd fd;
        const bool came = os::receive(socket.native_handle(), fd);
        socket.release();
        const bool finished = work->at == handover::state::finished;
        if (came && idle->all.size() < stay) idle->put(io, std::move(thread));
        thread.reset();
        tell(finished ? 0 : EIO, std::move(fd));
    }
    void tell(int err, os::unique_fd fd) {
        timer.cancel();
        if (const auto then = std::exchange(done, nullptr)) then(err, std::move(fd));
    }
};

}  // namespace

void do_aside(asio::io_context& io, aside_room& room, os::unique_fd give, std::chrono::milliseconds limit,
              aside_work work, aside_done done) {
    if (*room.taken >= room.most) return done(EBUSY, {});
    int err = 0;
    auto thread = room.idle->take();
    if (!thread) thread = start_thread(err);
    if (!thread) return done(err, {});
    const auto h = std::make_shared<handover>();
    h->work = std::move(work);
    h->taken = room.taken;
    ++*room.taken;
    thread->give(h);
    os::send_fd(thread->ours.get(), give.get());
    std::make_shared<waiting>(io, room, std::move(thread), h, std::move(done))->start(limit);
}

}  // namespace drainlab::control
