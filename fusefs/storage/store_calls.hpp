// How the model calls a store: at once if that is in memory, else on threads of the store's own, awaited.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <cerrno>
#include <functional>
#include <list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::storage {

class directory_store;

/// One call that may block. It owns everything that it touches: whoever asked may be gone when it runs.
struct store_job {
    store_job(std::string_view call, std::string on) : what{call}, file{on} {}
    virtual ~store_job() = default;
    /// Where it may block. Then `finished` is called on the loop.
    virtual void run() noexcept = 0;
    /// As if the call had failed; in place of run(). For stores that are made to fail.
    virtual void fail(int error) noexcept = 0;

    const std::string_view what;  ///< static text
    const std::string file;
    std::function<void()> finished;
};

/// Where the calls of one store run. Used on the loop.
class store_executor {
  public:
    /// names: one after the other, in order of arrival: they have the node table to themselves. data: several at once.
    enum class queue : std::uint8_t { names, data };
    virtual ~store_executor() = default;
    virtual void submit(queue q, std::shared_ptr<store_job> job) = 0;
    /// Whether it has not begun, and now never will.
    virtual bool withdraw(const store_job&) { return false; }
};

/// A call that has not been answered.
struct pending_call {
    std::string_view call;
    std::string file;
    sched::instant since;
};

/// What a call on the store gives: an errno, and what was asked for.
template <class Out>
struct answer {
    int err{};
    Out out{};
};
/// Of calls that are asked for nothing.
struct nothing {};

/// All calls on one store. Thread: loop.
class store_calls {
  public:
    /// @param executor  null: the store is in memory, its calls run at once.
    store_calls(sched::scheduler& sched, std::shared_ptr<directory_store> store,
                std::shared_ptr<store_executor> executor);
    ~store_calls();
    store_calls(const store_calls&) = delete;
    store_calls& operator=(const store_calls&) = delete;

    bool at_once() const noexcept { return !executor_; }
    /// At once only: else the store belongs to its own thread.
    directory_store& store() const noexcept { return *store_; }

    template <class Out, class F>
    struct call;
    /// `int f(directory_store&, Out&)`, returning 0 or an errno; with the names in order. What `f` refers to must stay
    /// until it has run, whoever goes: values, shared pointers, nodes that something earlier in this order keeps.
    template <class Out = nothing, class F>
    call<Out, F> names(std::string_view what, F f, const char* file = "") {
        return {*this, store_executor::queue::names, what, std::move(f), file};
    }
    /// The same of a store in memory, without a task around it. Precondition: at_once(). @return what `f` says.
    template <class F>
    int now(F f) {
        check_may_wait();
        return abandoned_ ? EIO : f(*store_);
    }
    /// The same for bytes of files that are open; no node is touched.
    template <class Out = nothing, class F>
    call<Out, F> data(std::string_view what, F f, const char* file = "") {
        return {*this, store_executor::queue::data, what, std::move(f), file};
    }
    /// Among the names, in order; nobody waits for it, and nobody hears how it went.
    template <class F>
    void post(std::string_view what, F f);

    /// From now on every call, also one that is under way, fails
    /// with EIO at once: nobody waits for this store any more.
    void abandon();
    /// What the fiber `by` waits for, if that may be withdrawn
    /// (call::may_be_withdrawn) and has not begun: it fails with EINTR, undone.
    void withdraw(sched::fiber_id by);
    bool abandoned() const noexcept { return abandoned_; }
    /// Returns when no call is under way, false at the deadline.
    sched::task<bool> idle(sched::instant deadline);
    std::vector<pending_call> pending() const;

  private:
    template <class Out, class F>
    struct job;
    void check_may_wait() const;
    void submit(store_executor::queue q, const std::shared_ptr<store_job>& job, bool* given_up, bool may_be_withdrawn);
    /// The one who waited for it has gone.
    void forget(const store_job* job) noexcept;

    struct entry {
        std::shared_ptr<store_job> job;
        sched::instant since;
        bool* given_up;  ///< of the call, while that lives; null for post()
        bool may_be_withdrawn;
        sched::fiber_id by;
    };
    struct state {  ///< outlives this object for the calls that come back late
        explicit state(sched::scheduler& s) : sched{s} {}
        sched::scheduler& sched;
        std::list<entry> pending;
        bool alive{true};
    };
    sched::scheduler& sched_;
    std::shared_ptr<directory_store> store_;
    std::shared_ptr<store_executor> executor_;
    std::shared_ptr<state> state_;
    bool abandoned_{};
};

/// A call on its way to a thread of the store and back, with what it brings.
template <class Out, class F>
struct store_calls::job final : store_job {
    job(std::string_view call, std::string on, std::shared_ptr<directory_store> s, F body)
        : store_job{call, std::move(on)}, store{std::move(s)}, f{std::move(body)} {}
    static int invoke(F& f, directory_store* store, Out& out) {
        if constexpr (std::is_invocable_v<F&, directory_store&, Out&>)
            return f(*store, out);
        else
            return f(out);
    }
    void run() noexcept override {
        try {
            err = invoke(f, store.get(), out);
        } catch (const std::bad_alloc&) { err = ENOMEM; } catch (...) {
            err = EIO;
        }
    }
    void fail(int error) noexcept override { err = error; }
    std::shared_ptr<directory_store> store;
    F f;
    Out out{};
    int err{};
};

/// One call, to be awaited once, by name: g++ 12 destroys a lambda that is part of a co_await expression twice.
/// (Nor does it bear class types as default arguments of what a coroutine calls, or co_await below ?: and &&.)
///
///     auto stat = calls.names<struct stat>("getattr", [&f](directory_store& s, struct
///     stat& st) { return s.getattr(f, st); }); const auto got = co_await stat;
template <class Out, class F>
struct [[nodiscard]] store_calls::call {
    call(store_calls& c, store_executor::queue queue, std::string_view name, F body, const char* on)
        : calls{c}, q{queue}, what{name}, f{std::move(body)}, file{on} {}
    call(const call&) = delete;
    call& operator=(const call&) = delete;
    ~call() {
        if (work && !resumed) calls.forget(work.get());
    }
    auto operator co_await() & {
        struct awaiter {
            call& of;
            bool await_ready() { return of.await_ready(); }
            void await_suspend(std::coroutine_handle<> h) { of.await_suspend(h); }
            answer<Out> await_resume() { return of.await_resume(); }
        };
        return awaiter{*this};
    }

    /// A request of one caller: where that is gone before it has begun, it need not be done.
    bool may_be_withdrawn{};

  private:
    bool await_ready() {
        calls.check_may_wait();
        if (calls.abandoned_)
            got.err = EIO;
        else if (calls.at_once())
            got.err = job<Out, F>::invoke(f, calls.store_.get(), got.out);
        else
            return false;
        return true;
    }
    void await_suspend(std::coroutine_handle<> h) {
        work = std::make_shared<job<Out, F>>(what, std::move(file), calls.store_, std::move(f));
        calls.submit(q, work, &given_up, may_be_withdrawn);
        calls.sched_.wait_on(work.get(), what).await_suspend(h);
    }
    answer<Out> await_resume() {
        if (!work) return std::move(got);
        resumed = true;
        if (given_up) return {EIO, {}};
        return {work->err, std::move(work->out)};
    }

    store_calls& calls;
    store_executor::queue q;
    std::string_view what;
    F f;
    std::string file;
    answer<Out> got;
    std::shared_ptr<job<Out, F>> work;
    bool given_up{}, resumed{};
};

template <class F>
void store_calls::post(std::string_view what, F f) {
    if (abandoned_) return;
    if (at_once()) return f(*store_);
    auto body = [f = std::move(f)](directory_store& s, nothing&) mutable { return f(s), 0; };
    submit(store_executor::queue::names,
           std::make_shared<job<nothing, decltype(body)>>(what, "", store_, std::move(body)), nullptr, false);
}

}  // namespace drainlab::storage
