#include "fusefs/control/aside.hpp"

#include "fusefs/os/own_table.hpp"
#include "fusefs/os/pass_fd.hpp"
#include "fusefs/os/when_readable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <thread>
#include <unistd.h>
#include <utility>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;

/// What thread and loop share. Either may outlive the other's interest.
struct handover {
    enum class state { working, finished, left_alone };
    std::atomic<state> at{state::working};
    std::atomic<bool> own_table{};  ///< the thread's end of the socket is a copy
    aside_work work;

    bool becomes(state next) {
        auto was = state::working;
        return at.compare_exchange_strong(was, next);
    }
};

void run(const std::shared_ptr<handover>& h, std::vector<int> keep, int answer_on) {
    os::block_signals();
    keep.push_back(answer_on);
    h->own_table = os::leave_descriptors(std::move(keep));
    {
        const auto fd = h->work([&h] { return h->becomes(handover::state::finished); });
        if (fd) os::send_fd(answer_on, fd.get());
        h->work = nullptr;
    }
    ::shutdown(answer_on, SHUT_RDWR);
    os::unique_fd{answer_on}.reset();
}

struct waiting : std::enable_shared_from_this<waiting> {
    waiting(asio::io_context& io, int fd, int other, aside_descriptors keep, std::shared_ptr<handover> h,
            aside_done then)
        : socket{io, fd},
          other_end{other},
          kept{std::move(keep)},
          timer{io},
          shared{std::move(h)},
          done{std::move(then)} {}
    asio::posix::stream_descriptor socket;
    int other_end;
    aside_descriptors kept;
    asio::steady_timer timer;
    std::shared_ptr<handover> shared;
    aside_done done;

    void start(std::chrono::milliseconds limit) {
        timer.expires_after(limit);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            // A work that has just finished is heard of in a moment.
            if (error || !self->shared->becomes(handover::state::left_alone)) return;
            if (self->shared->own_table) self->let_go();  // else once it has come back
            self->tell(ETIMEDOUT, {});
        });
        hear();
    }
    void hear() {
        os::when_readable([self = shared_from_this()] { return self->socket.is_open() ? &self->socket : nullptr; },
                          [self = shared_from_this()] {
                              auto fd = os::receive_fd(self->socket.native_handle());
                              self->let_go();
                              self->tell(self->shared->at == handover::state::finished ? 0 : EIO, std::move(fd));
                          });
    }
    /// What is ours in the thread's table is ours here, too, and closed here: the thread's closing means its own table.
    void let_go() {
        boost::system::error_code ignored;
        socket.close(ignored);
        kept.clear();
        if (shared->own_table) ::close(std::exchange(other_end, -1));  // else the thread does
    }
    void tell(int err, os::unique_fd fd) {
        timer.cancel();
        if (const auto then = std::exchange(done, nullptr)) then(err, std::move(fd));
    }
};

}  // namespace

void do_aside(asio::io_context& io, aside_room& room, aside_descriptors keep, std::chrono::milliseconds limit,
              aside_work work, aside_done done) {
    const auto taken = room.taken;
    if (*taken >= room.most) return done(EBUSY, {});
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return done(errno, {});
    const auto h = std::make_shared<handover>();
    h->work = std::move(work);
    std::vector<int> numbers;
    for (const auto& fd : keep) numbers.push_back(fd->get());
    const auto waits = std::make_shared<waiting>(io, pair[0], pair[1], std::move(keep), h, std::move(done));
    ++*taken;
    try {
        std::thread{[h, taken, numbers = std::move(numbers), answer_on = pair[1]] {
            run(h, numbers, answer_on);
            --*taken;
        }}.detach();
    } catch (const std::exception&) {
        --*taken;
        ::close(pair[1]);
        waits->let_go();
        return waits->tell(EAGAIN, {});
    }
    waits->start(limit);
}

}  // namespace drainlab::control
