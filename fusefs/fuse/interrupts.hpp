// Requests whose callers were sent a signal while they waited. Private to fusefs/fuse.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace drainlab::storage {
class store_calls;
}

namespace drainlab::fuse {

class request;

/// The kernel lets not even SIGKILL end a task that waits for our answer: it tells us of the signal (FUSE_INTERRUPT),
/// and waits on. So a caller
/// that is to die is answered EINTR at once, wherever its request waits. One that was sent SIGHUP, SIGINT, SIGQUIT or
/// SIGTERM and lives (a handler, a
/// core file) has its answer a second later, for a slow store is no stuck one; other signals (SIGCHLD, SIGALRM) never
/// end a call on a file.
///
/// Whoever works on the request goes on, as its call on the store can be taken back only before it has begun, and finds
/// that nobody takes the
/// answer. The kernel believes that it has ended: what it sends meanwhile that would take files and nodes away is kept
/// back (later()) until it has.
/// Thread: loop.
class interrupts {
  public:
    interrupts(sched::scheduler& sched, storage::store_calls& calls) : sched_{sched}, calls_{calls} {}
    ~interrupts() { *alive_ = false; }
    interrupts(const interrupts&) = delete;
    interrupts& operator=(const interrupts&) = delete;

    /// FUSE_INTERRUPT has come for `r`, which waits.
    void arrived(request& r);
    /// `r` is about to go.
    void over(const request& r);

    /// Requests are being worked on that the kernel takes for ended.
    bool any_gone() const noexcept { return gone_ > 0; }
    /// When they are over; in order. Precondition: any_gone().
    void later(std::function<void()> what) { kept_back_.push_back(std::move(what)); }

    /// What the signals pending for a caller mean; `waited` is the time since it was interrupted.
    static bool answers(std::uint64_t pending, sched::nanoseconds waited) noexcept;

  private:
    struct entry {
        request* r;
        sched::instant since;
        bool answered;
    };
    void look(entry& e);
    static sched::task<> watch(interrupts& all, std::shared_ptr<bool> alive);

    sched::scheduler& sched_;
    storage::store_calls& calls_;
    std::list<entry> entries_;
    std::size_t gone_{};  ///< entries that have been answered
    std::vector<std::function<void()>> kept_back_;
    bool watching_{};
    std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace drainlab::fuse
