// RCU as the writeback code sees it. Who implements it decides about time: rcu_engine
// (ticks, quiescent states, callback lists; its lengths come from the profile) or
// rcu_untimed (for the exhaustive scheduler: one event per grace period).
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace drainlab::kernel {

/// Samples of how long each primitive took, in nanoseconds, for rcu_ms of the results.
struct rcu_samples {
    std::vector<std::int64_t> synchronize, barrier, expedited;
    static constexpr std::size_t limit = 100'000;
};

/// RCU as its users see it; make_rcu() gives the engine, or one whose grace periods take no time. Thread: the
/// model's.
class rcu {
  public:
    virtual ~rcu() = default;

    /// rcu_read_lock() ... rcu_read_unlock(): a token that a fiber may hold across awaits. Nests.
    class [[nodiscard]] read_section {
      public:
        read_section() = default;
        read_section(rcu& owner, std::uint64_t id) : owner_{&owner}, id_{id} {}
        read_section(read_section&& o) noexcept : owner_{std::exchange(o.owner_, nullptr)}, id_{o.id_} {}
        read_section& operator=(read_section&& o) noexcept {
            unlock();
            owner_ = std::exchange(o.owner_, nullptr);
            id_ = o.id_;
            return *this;
        }
        ~read_section() { unlock(); }
        void unlock() {
            if (owner_) std::exchange(owner_, nullptr)->read_unlock(id_);
        }
        /// For the end of the world: there is nobody left to tell.
        void forget() noexcept { owner_ = nullptr; }
        explicit operator bool() const noexcept { return owner_ != nullptr; }

      private:
        rcu* owner_{};
        std::uint64_t id_{};
    };
    virtual read_section read_lock() = 0;

    /// synchronize_rcu(): returns after every read section that
    /// began before the call has ended. Not within a read section.
    virtual sched::task<> synchronize() = 0;
    /// synchronize_rcu_expedited(): the same, by interrupting CPUs instead of waiting for them (unless rcu_normal).
    virtual sched::task<> synchronize_expedited() = 0;
    /// call_rcu(): `callback` runs after a grace period, in order per CPU, and must not block. Copyable function.
    virtual void call(std::function<void()> callback) = 0;
    /// rcu_barrier(): returns after every callback queued by anybody before the call has run. Starts no grace period.
    virtual sched::task<> barrier() = 0;

    virtual std::uint64_t grace_periods() const = 0;
    /// Callbacks not yet invoked, on all CPUs.
    virtual std::size_t callbacks_pending() const = 0;
    /// Hands over the samples since the last call.
    virtual rcu_samples take_samples() = 0;

  protected:
    virtual void read_unlock(std::uint64_t id) = 0;
};

}  // namespace drainlab::kernel
