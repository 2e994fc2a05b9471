#include "tests/sim/watch/kernel.hpp"

#include <algorithm>
#include <utility>

namespace watch_world {

void agenda::after(instant least, instant most, std::function<void()> what) {
    const auto span = (most - least).count();
    // Mostly short: long delays are what an order seldom sees.
    const auto drawn = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(span + 1)) >> (below(4) * 2);
    at(now_ + least + instant{drawn}, std::move(what));
}

bool agenda::go_on(instant limit) {
    if (things_.empty() || things_.begin()->first > limit) return false;
    auto next = things_.extract(things_.begin());
    now_ = next.key();
    next.mapped()();
    return true;
}

void channel::send(std::function<void()> message) {
    waiting_.push_back(std::move(message));
    agenda_.after(least_, most_, [this] {
        if (waiting_.empty()) return;
        const auto first = std::move(waiting_.front());
        waiting_.pop_front();
        first();
    });
}

void channel::drain() {
    for (auto all = std::exchange(waiting_, {}); const auto& message : all) message();
}

// ---- s_umount
// ----------------------------------------------------------------------------------------------------------

void rwsem::lock(int thread, bool writer, std::function<void()> got) {
    const bool is_free = writer_ == 0 && (!writer || readers_.empty());
    const bool steals = readers_.empty() && agenda_.one_in(3);
    if (is_free && (queue_.empty() || steals)) return grant({thread, writer, std::move(got)});
    queue_.push_back({thread, writer, std::move(got)});
    if (writer_ == 0) wake_soon();
}

void rwsem::unlock(int thread) {
    if (writer_ == thread)
        writer_ = 0;
    else
        readers_.erase(thread);
    // Who unlocks grants readers the lock; a writer is only woken, and the lock is free until it runs.
    if (!queue_.empty() && !queue_.front().writer) return wake();
    wake_soon();
}

void rwsem::grant(waiter w) {
    if (w.writer)
        writer_ = w.thread;
    else
        readers_.insert(w.thread);
    w.got();
}

void rwsem::wake_soon() {
    agenda_.after(0us, 60us, [this] { wake(); });
}

void rwsem::wake() {
    if (queue_.empty() || writer_ != 0) return;
    if (queue_.front().writer) {
        if (!readers_.empty()) return;
        auto first = std::move(queue_.front());
        queue_.pop_front();
        return grant(std::move(first));
    }
    // The readers in front; and, as often as not, those behind writers with them.
    std::vector<waiter> woken;
    const bool all = agenda_.one_in(2);
    for (auto w = queue_.begin(); w != queue_.end();) {
        if (w->writer && !all) break;
        if (w->writer) {
            ++w;
            continue;
        }
        woken.push_back(std::move(*w));
        w = queue_.erase(w);
    }
    for (auto& w : woken) grant(std::move(w));
}

bool rwsem::queued(int thread) const {
    return std::any_of(queue_.begin(), queue_.end(), [&](const auto& w) { return w.thread == thread; });
}

bool rwsem::writer_waits() const {
    return std::any_of(queue_.begin(), queue_.end(), [](const auto& w) { return w.writer; });
}

// ---- the superblock
// ----------------------------------------------------------------------------------------------------

bool superblock::umount(int thread, bool lazy) {
    if (!named || (!lazy && holders > 0)) return false;
    named = false;
    unmounter = thread;
    on_detach(thread);
    // Two grace periods, and a turn on the CPU.
    agenda_.after(5us, agenda_.one_in(6) ? 40ms : 2ms, [this, thread] { put(thread); });
    return true;
}

void superblock::drop_copy(int thread) {
    if (copies == 0) return;
    --copies;
    agenda_.after(5us, 2ms, [this, thread] { put(thread); });
}

void superblock::drop_holder(int thread) {
    if (holders == 0) return;
    --holders;
    put(thread);
}

void superblock::put(int thread) {
    if (referenced() || deactivator != 0) return;
    deactivator = thread;
    on_last_put();
    lock.lock(thread, true, [this, thread] {
        dead = true;
        on_dead();
        agenda_.after(10us, 200us, [this, thread] { lock.unlock(thread); });
    });
}

void superblock::remount(int thread, instant takes, std::function<void()> done) {
    if (!named && copies == 0) return done();
    ++copies;  // for its duration the caller has a path to it
    lock.lock(thread, true, [this, thread, takes, done] {
        agenda_.after(takes, takes, [this, thread, done] {
            lock.unlock(thread);
            drop_copy(thread);
            done();
        });
    });
}

}  // namespace watch_world
