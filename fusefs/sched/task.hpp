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

struct promise_base {
    std::coroutine_handle<> continuation{};
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

template <class T>
struct promise : promise_base {
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

/// A coroutine that starts when it is awaited and is awaited once. Move-only; owns its frame. Exceptions propagate to
/// the awaiter. Thread: all of a task runs on the thread of its scheduler.
template <class T>
class [[nodiscard]] task {
  public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    task() noexcept = default;
    explicit task(handle h) noexcept : h_{h} {}
    task(task&& other) noexcept : h_{std::exchange(other.h_, {})} {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            reset();
            h_ = std::exchange(other.h_, {});
        }
        return *this;
    }
    ~task() { reset(); }

    explicit operator bool() const noexcept { return static_cast<bool>(h_); }
    bool done() const noexcept { return h_ && h_.done(); }
    /// The raw coroutine, for a scheduler that starts it. Ownership stays here.
    std::coroutine_handle<> coroutine() const noexcept { return h_; }
    /// The result, or the exception, of a task that is done().
    T take() { return h_.promise().take(); }

    auto operator co_await() const noexcept {
        struct awaiter {
            handle h;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> parent) const noexcept {
                DRAINLAB_CHECK(h && !h.promise().continuation);  // awaited once, and not moved away
                h.promise().continuation = parent;
                detail::next_coroutine = h;
            }
            T await_resume() const { return h.promise().take(); }
        };
        return awaiter{h_};
    }

  private:
    void reset() noexcept {
        if (h_) std::exchange(h_, {}).destroy();
    }
    handle h_{};
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
