// Work under way: counted by guard objects, so that whoever ends can wait for it, and nobody can forget to count down.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace drainlab::sched {

/// What a session, a lane or a loop has under way. enter() gives a
/// hold, close() lets nobody in any more and waits for the holds.
///
///     auto hold = work.enter();                        // lives as long as the work: in a
///     coroutine's frame, in a callback const bool over = co_await work.close(sched, deadline);
///
/// The count belongs to the holds as well: they may outlive this object, after abandon() only (checked always).
/// Thread: one, the loop's or the model's.
class in_flight {
    struct state {
        std::size_t count{};
        bool closed{}, abandoned{};
        std::function<void()> when_empty;
        scheduler* waits{};  ///< a fiber of it waits in close()
        void empty();
    };

  public:
    in_flight() = default;
    in_flight(const in_flight&) = delete;
    in_flight& operator=(const in_flight&) = delete;
    ~in_flight();

    /// One piece of work. Move-only; empty when default-made, moved from, or refused by try_enter().
    class [[nodiscard]] hold {
      public:
        hold() = default;
        hold(hold&&) noexcept = default;
        hold& operator=(hold&& o) noexcept {
            release();
            of_ = std::move(o.of_);
            return *this;
        }
        ~hold() { release(); }
        explicit operator bool() const noexcept { return of_ != nullptr; }
        void release() noexcept;

      private:
        friend class in_flight;
        explicit hold(std::shared_ptr<state> of) : of_{std::move(of)} { ++of_->count; }
        std::shared_ptr<state> of_;
    };

    /// Precondition: not closed.
    hold enter();
    /// Empty if closed.
    hold try_enter();

    std::size_t count() const noexcept { return state_->count; }
    bool closed() const noexcept { return state_->closed; }

    /// From now on nobody is let in. `then`, if given, is called once, when the last hold goes, or at once.
    void close(std::function<void()> then = {});
    /// The same for one fiber: true when all holds are gone, false if `deadline` came first.
    task<bool> close(scheduler& sched, instant deadline = instant::max());
    /// Waits for the holds without closing: true when there is none.
    task<bool> empty(scheduler& sched, instant deadline = instant::max());
    /// Closed, and whoever is still inside is given up: this object may go before the holds do.
    void abandon() noexcept;

  private:
    std::shared_ptr<state> state_{std::make_shared<state>()};
};

}  // namespace drainlab::sched
