// The modelled kernel's locks, as awaitables: `auto guard = co_await
// sb.s_umount.down_write();`. First come, first served; a queued writer holds later readers
// back, as the kernel's rwsem does. Not locks of the machine: one thread runs everything.
#pragma once
#include "fusefs/sched/shared.hpp"

#include <deque>

namespace drainlab::sched {

/// A reader-writer lock. Names are static text and appear in "who waits for what".
class rwsem {
  public:
    explicit rwsem(scheduler& sched, std::string_view name) : sched_{sched}, name_{name} {}
    rwsem(const rwsem&) = delete;
    rwsem& operator=(const rwsem&) = delete;

    /// Holds the lock until destroyed. The lock must outlive it.
    class [[nodiscard]] guard {
      public:
        guard() = default;
        guard(guard&& o) noexcept : lock_{std::exchange(o.lock_, nullptr)}, write_{o.write_} {}
        guard& operator=(guard&& o) noexcept {
            release();
            lock_ = std::exchange(o.lock_, nullptr);
            write_ = o.write_;
            return *this;
        }
        ~guard() { release(); }
        explicit operator bool() const noexcept { return lock_ != nullptr; }
        void release() {
            if (lock_) std::exchange(lock_, nullptr)->up(write_);
        }

      private:
        friend class rwsem;
        guard(rwsem* lock, bool write) : lock_{lock}, write_{write} {}
        rwsem* lock_{};
        bool write_{};
    };

    struct awaiter {
        rwsem& lock;
        bool write;
        bool await_ready() const { return lock.try_take(write); }
        void await_suspend(std::coroutine_handle<> h) const { lock.enqueue(h, write); }
        guard await_resume() const { return guard{&lock, write}; }
    };
    awaiter down_read() { return {*this, false}; }
    awaiter down_write() { return {*this, true}; }
    /// down_read_trylock(): an empty guard if a writer holds the lock or waits for it.
    guard try_read() { return try_take(false) ? guard{this, false} : guard{}; }

    bool held_for_write() const noexcept { return writer_; }
    int readers() const noexcept { return readers_; }
    bool contended() const noexcept { return !queue_.empty(); }

  private:
    struct queued {
        fiber* who;
        bool write;
    };
    bool try_take(bool write);
    void enqueue(std::coroutine_handle<> h, bool write);
    void up(bool write);

    scheduler& sched_;
    std::string_view name_;
    std::deque<queued> queue_;
    int readers_{};
    bool writer_{};
};

/// A sleeping lock with one holder.
class mutex {
  public:
    explicit mutex(scheduler& sched, std::string_view name) : sem_{sched, name} {}
    rwsem::awaiter lock() { return sem_.down_write(); }
    bool locked() const noexcept { return sem_.held_for_write(); }

  private:
    rwsem sem_;
};

/// i_lock, list_lock: while one is held only a named point, or another spinlock, may await (checked, always).
class spinlock {
  public:
    explicit spinlock(scheduler& sched, std::string_view name) : sched_{sched}, name_{name} {}
    spinlock(const spinlock&) = delete;
    spinlock& operator=(const spinlock&) = delete;

    class [[nodiscard]] guard {
      public:
        guard() = default;
        guard(guard&& o) noexcept : lock_{std::exchange(o.lock_, nullptr)} {}
        guard& operator=(guard&& o) noexcept {
            unlock();
            lock_ = std::exchange(o.lock_, nullptr);
            return *this;
        }
        ~guard() { unlock(); }
        void unlock() {
            if (lock_) std::exchange(lock_, nullptr)->release();
        }

      private:
        friend class spinlock;
        explicit guard(spinlock* lock) : lock_{lock} {}
        spinlock* lock_{};
    };

    struct awaiter {
        spinlock& spin;
        bool await_ready() const { return spin.try_take(); }
        void await_suspend(std::coroutine_handle<> h) const { spin.enqueue(h); }
        guard await_resume() const { return guard{&spin}; }
    };
    awaiter lock() { return {*this}; }
    bool locked() const noexcept { return holder_ != nullptr; }

  private:
    bool try_take();
    void hold(fiber& f);
    void enqueue(std::coroutine_handle<> h);
    void release();

    scheduler& sched_;
    std::string_view name_;
    std::deque<fiber*> queue_;
    fiber* holder_{};
    released_stores released_;  // by the last holder
};

}  // namespace drainlab::sched
