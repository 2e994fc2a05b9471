// What the kernel does with one superblock and its s_umount, as far as an unmount watch can notice: in virtual time, in
// seeded orders.
#pragma once
#include "fusefs/control/watch/fsm.hpp"

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace watch_world {

using drainlab::control::watch::instant;
using namespace std::chrono_literals;

/// Time, and everything that happens at some instant within a span.
class agenda {
  public:
    explicit agenda(std::uint64_t seed) : random_{seed} {}

    instant now() const { return now_; }
    /// Calls `what` after a time drawn between the two.
    void after(instant least, instant most, std::function<void()> what);
    void at(instant when, std::function<void()> what) { things_.emplace(when, std::move(what)); }
    /// The next thing; false if there is none, or only later than `limit`.
    bool go_on(instant limit);

    int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
    bool one_in(int n) { return below(n) == 0; }

  private:
    std::mt19937_64 random_;
    instant now_{1s};
    std::multimap<instant, std::function<void()>> things_;
};

/// A FIFO whose messages arrive after drawn delays. drain() takes what has been sent by now, arrived or not.
class channel {
  public:
    channel(agenda& a, instant least, instant most) : agenda_{a}, least_{least}, most_{most} {}
    void send(std::function<void()> message);
    void drain();
    void clear() { waiting_.clear(); }

  private:
    agenda& agenda_;
    instant least_, most_;
    std::deque<std::function<void()>> waiting_;
};

/// s_umount: a fair lock whose free moments can be stolen, and whose queued readers may be woken together, as in
/// kernel/locking/rwsem.c.
class rwsem {
  public:
    explicit rwsem(agenda& a) : agenda_{a} {}
    void lock(int thread, bool writer, std::function<void()> got);
    void unlock(int thread);
    bool queued(int thread) const;
    bool writer_waits() const;

  private:
    struct waiter {
        int thread;
        bool writer;
        std::function<void()> got;
    };
    void wake_soon();
    void wake();
    void grant(waiter w);

    agenda& agenda_;
    std::set<int> readers_;
    int writer_{};
    std::deque<waiter> queue_;
};

/// The superblock, its mounts in our namespace, and who else holds it.
class superblock {
  public:
    superblock(agenda& a) : lock{a}, agenda_{a} {}

    rwsem lock;
    int copies{};   ///< other mounts of it in our namespace
    int holders{};  ///< open files, other namespaces
    bool named{true};
    bool dead{};
    int unmounter{};    ///< the thread that took the name away
    int deactivator{};  ///< the one that put the last reference
    std::function<void(int thread)> on_detach;
    std::function<void()> on_last_put;
    std::function<void()> on_dead;  ///< within the dying: s_umount is held for writing

    bool referenced() const { return named || copies > 0 || holders > 0; }
    /// False: busy.
    bool umount(int thread, bool lazy);
    void drop_copy(int thread);
    void drop_holder(int thread);
    /// What mount --move does: an event, and nothing else.
    void move(int thread) { on_detach(thread); }
    void remount(int thread, instant takes, std::function<void()> done);

  private:
    void put(int thread);
    agenda& agenda_;
};

}  // namespace watch_world
