// task<T>: a lazy coroutine, awaited once. The straight-line code of the mimicked kernel is made of these.
//
// Resumption never nests on the machine's stack: awaiting a task, and ending one, only names the coroutine to run
// next; the loop in resume_chain() runs it. (g++ 12 makes tail calls of symmetric transfer only at -O2 and not under
// sanitizers.) So a chain 100,000 tasks deep, or a million awaits in sequence, needs no stack.
#pragma once
#include "fusefs/sched/check.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace drainlab::sched {

template <class T = void>
class task;

namespace detail {

/// What resume_chain() runs when the present coroutine has suspended. One per machine thread; the model uses one
/// thread.
inline thread_local std::coroutine_handle<> next_coroutine{};

/// What a task is to its frame: the one who destroys it. The handle is empty once the frame is gone.
struct frame_owner {
    std::coroutine_handle<> frame{};
};

/// What the promises of all tasks have: who is resumed at the end, and what was thrown.
struct promise_base {
    std::coroutine_handle<> continuation{};
    frame_owner* owner{};  ///< set when awaited; an awaited task does not move
    std::exception_ptr error{};

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            next_coroutine = self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
};

/// With the value that the task returns.
template <class T>
struct promise : promise_base {
    static_assert(alignof(T) <= 2 * sizeof(void*));  // see promise_of()
    std::optional<T> value{};
    task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& v) {
        value.emplace(std::forward<U>(v));
    }
    T take() {
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
};

/// Of a task that returns nothing.
template <>
struct promise<void> : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() const {
        if (error) std::rethrow_exception(error);
    }
};

}  // namespace detail

/// Runs `h`, then whatever it named to run next, until a coroutine suspends without naming one.
inline void resume_chain(std::coroutine_handle<> h) {
    while (h) {
        h.resume();
        h = std::exchange(detail::next_coroutine, {});
    }
}

namespace detail {
/// The promise of a task's frame, whatever it yields: its base comes first, and no frame is aligned more strictly.
inline promise_base& promise_of(std::coroutine_handle<> frame) noexcept {
    return std::coroutine_handle<promise_base>::from_address(frame.address()).promise();
}
}  // namespace detail

/// Destroys a suspended chain from `leaf`, what it would resume, up to its first task, which stays with its owner.
/// Innermost first, as the frames' own destructors would do it, but without nesting on the machine's stack.
inline void drop_chain(std::coroutine_handle<> leaf) noexcept {
    while (leaf && detail::promise_of(leaf).continuation) {
        const auto awaiting = detail::promise_of(leaf).continuation;
        detail::promise_of(leaf).owner->frame = {};
        leaf.destroy();
        leaf = awaiting;
    }
}

/// A coroutine that starts when it is awaited and is awaited once. Move-only; owns its frame. Exceptions propagate to
/// the awaiter. Thread: all of a task runs on the thread of its scheduler.
template <class T>
class [[nodiscard]] task : detail::frame_owner {
  public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    task() noexcept = default;
    explicit task(handle h) noexcept : frame_owner{h} {}
    task(task&& other) noexcept : frame_owner{std::exchange(other.frame, {})} {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            reset();
            frame = std::exchange(other.frame, {});
        }
        return *this;
    }
    ~task() { reset(); }

    explicit operator bool() const noexcept { return static_cast<bool>(frame); }
    bool done() const noexcept { return frame && frame.done(); }
    /// The raw coroutine, for a scheduler that starts it. Ownership stays here.
    std::coroutine_handle<> coroutine() const noexcept { return frame; }
    /// The result, or the exception, of a task that is done().
    T take() { return typed().promise().take(); }

    auto operator co_await() noexcept {
        struct awaiter {
            handle h;
            frame_owner* owner;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> parent) const noexcept {
                DRAINLAB_CHECK(h && !h.promise().continuation);  // awaited once, and not moved away
                h.promise().continuation = parent;
                h.promise().owner = owner;
                detail::next_coroutine = h;
            }
            T await_resume() const { return h.promise().take(); }
        };
        return awaiter{typed(), this};
    }

  private:
    handle typed() const noexcept { return handle::from_address(frame.address()); }
    void reset() noexcept {
        if (frame) std::exchange(frame, {}).destroy();
    }
};

namespace detail {
template <class T>
task<T> promise<T>::get_return_object() noexcept {
    return task<T>{std::coroutine_handle<promise<T>>::from_promise(*this)};
}
inline task<void> promise<void>::get_return_object() noexcept {
    return task<void>{std::coroutine_handle<promise<void>>::from_promise(*this)};
}
}  // namespace detail

}  // namespace drainlab::sched
