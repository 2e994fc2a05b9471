#include "fusefs/sched/scheduler.hpp"

#include "fusefs/sched/shared.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace drainlab::sched {

void check_failed(const char* what, const char* file, int line) noexcept {
    std::fprintf(stderr, "drainlab: assertion failed: %s (%s:%d)\n", what, file, line);
    std::abort();
}

scheduler::~scheduler() { drop_all(); }

void scheduler::drop_all() noexcept {
    dropping_ = true;  // destructors in the frames may wake others: nobody is made ready any more
    while (!fibers_.empty()) {
        auto last = std::prev(fibers_.end());
        auto owned = std::move(last->second);
        fibers_.erase(last);
        if (owned->st != fiber::state::running) drop_chain(owned->leaf);
    }
    ready_.clear();
    queues_.clear();
}

fiber& scheduler::spawn(std::string name, task<> body, fiber_kind kind, int cpu) {
    order_memory();
    auto f = std::make_unique<fiber>();
    f->id = ++last_id_;
    f->name = std::move(name);
    f->kind = kind;
    f->cpu = cpu >= 0 ? cpu : current_ ? current_->cpu : 0;
    f->leaf = body.coroutine();
    f->body = std::move(body);
    if (kind == fiber_kind::thread) ++live_threads_;
    fiber& ref = *f;
    const bool fresh = fibers_.emplace(ref.id, std::move(f)).second;
    DRAINLAB_CHECK(fresh);
    ready_.push_back(&ref);
    poke();
    return ref;
}

void scheduler::count_from(fiber_id spawned) {
    DRAINLAB_CHECK(spawned >= last_id_);
    last_id_ = spawned;
}

void scheduler::start(std::string_view name, task<> body) {
    order_memory();
    auto f = spare_ ? std::move(spare_) : std::make_unique<fiber>();
    f->id = ++last_id_;
    f->name = name;
    f->kind = fiber_kind::thread;
    f->cpu = current_ ? current_->cpu : 0;
    f->body = std::move(body);
    f->leaf = f->body.coroutine();
    f->st = fiber::state::running;
    fiber* const outer = std::exchange(current_, f.get());
    ++starting_;
    resume_chain(f->leaf);
    --starting_;
    current_ = outer;
    if (!f->body.done()) {
        DRAINLAB_CHECK(f->st != fiber::state::running);  // it waits, or lets others go first
        ++live_threads_;
        const fiber_id id = f->id;
        fibers_.emplace(id, std::move(f));
        poke();
        return;
    }
    if (!ready_.empty()) poke();  // the body woke somebody
    DRAINLAB_CHECK(f->spinlocks_held == 0 && f->rcu_nesting == 0);
    f->st = fiber::state::done;
    auto ended = std::exchange(f->body, {});
    spare_ = std::move(f);
    ended.take();  // rethrows
}

std::vector<waiter> scheduler::waiting() const {
    std::vector<waiter> all;
    for (const auto& [id, f] : fibers_)
        if (f->st == fiber::state::waiting) all.push_back({f->name, std::string{f->waits_for}, f->since, f->kind});
    return all;
}

void scheduler::order_memory() {
    if (memory_ && current_) memory_->fence();
}

void scheduler::park(std::coroutine_handle<> h, std::string_view what, const void* key, instant deadline,
                     bool at_point) {
    fiber& f = *current_;
    DRAINLAB_CHECK(at_point || f.spinlocks_held == 0);  // sleeping while atomic
    if (!at_point) order_memory();                      // set_current_state()
    f.leaf = h;
    f.st = fiber::state::waiting;
    f.waits_for = what;
    f.wait_key = key;
    f.since = now();
    ++f.wait_epoch;
    if (key) queues_[key].push_back(&f);
    if (deadline != instant::max()) {
        timers_.push({deadline, ++timer_order_, f.id, f.wait_epoch});
        poke();
    }
}

void scheduler::requeue(std::coroutine_handle<> h, bool at_point) {
    fiber& f = *current_;
    DRAINLAB_CHECK(at_point || f.spinlocks_held == 0);
    f.leaf = h;
    f.st = fiber::state::ready;
    ready_.push_back(&f);
}

void scheduler::leave_queue(fiber& f) {
    if (!f.wait_key) return;
    const auto q = queues_.find(f.wait_key);
    if (q == queues_.end()) return;
    std::erase(q->second, &f);
    if (q->second.empty()) queues_.erase(q);
}

void scheduler::make_ready(fiber& f, bool timed_out) {
    if (dropping_) return;
    DRAINLAB_CHECK(f.st == fiber::state::waiting);
    order_memory();  // try_to_wake_up()
    f.st = fiber::state::ready;
    f.timed_out = timed_out;
    f.wait_key = nullptr;
    ++f.wait_epoch;
    ready_.push_back(&f);
    poke();
}

void scheduler::wake(fiber& f) {
    if (dropping_) return;
    leave_queue(f);
    make_ready(f, false);
}

void scheduler::wake_one(const void* key) {
    const auto q = queues_.find(key);
    if (dropping_ || q == queues_.end()) return;
    fiber& f = *q->second.front();
    q->second.pop_front();
    if (q->second.empty()) queues_.erase(q);
    make_ready(f, false);
}

void scheduler::wake_all(const void* key) {
    const auto q = queues_.find(key);
    if (dropping_ || q == queues_.end()) return;
    const auto all = std::move(q->second);
    queues_.erase(q);
    for (fiber* f : all) make_ready(*f, false);
}

void scheduler::widen(point at, nanoseconds width) {
    std::erase_if(widened_, [&](const auto& w) { return w.first == at.name; });
    if (width.count() > 0) widened_.emplace_back(at.name, width);
}

nanoseconds scheduler::width_of(point at) const noexcept {
    for (const auto& [name, width] : widened_)
        if (name == at.name) return width;
    return nanoseconds{0};
}

bool scheduler::run_one() {
    if (ready_.empty()) return false;
    const std::size_t i = choose(ready_);
    DRAINLAB_CHECK(i < ready_.size());
    fiber& f = *ready_[i];
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(i));
    f.st = fiber::state::running;
    fiber* const outer = std::exchange(current_, &f);
    DRAINLAB_CHECK(outer == nullptr);
    resume_chain(f.leaf);
    if (f.body.done()) order_memory();
    current_ = nullptr;
    if (!f.body.done()) return true;
    DRAINLAB_CHECK(f.spinlocks_held == 0 && f.rcu_nesting == 0);
    f.st = fiber::state::done;
    if (f.kind == fiber_kind::thread) --live_threads_;
    const auto node = fibers_.extract(f.id);
    node.mapped()->body.take();  // rethrows
    return true;
}

instant scheduler::next_deadline() {
    while (!timers_.empty()) {
        const auto f = fibers_.find(timers_.top().who);
        if (f != fibers_.end() && f->second->wait_epoch == timers_.top().epoch &&
            f->second->st == fiber::state::waiting)
            return timers_.top().when;
        timers_.pop();
    }
    return instant::max();
}

void scheduler::fire_timers(instant now) {
    for (instant when = next_deadline(); when != instant::max() && when <= now; when = next_deadline()) {
        fiber& f = *fibers_.find(timers_.top().who)->second;
        timers_.pop();
        leave_queue(f);
        make_ready(f, true);
    }
}

}  // namespace drainlab::sched
