// One CPU's list of RCU callbacks, in segments: kernel/rcu/rcu_segcblist.c.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>

namespace drainlab::kernel {

/// Callbacks in order of call_rcu(). From the front: done (ready to run), waiting for a numbered
/// grace period (the kernel's WAIT and NEXT_READY), and new ones without a number (NEXT).
class rcu_cblist {
  public:
    using callback = std::function<void()>;

    /// rcu_segcblist_enqueue(): as the newest, without a number yet.
    void enqueue(callback cb) { entries_.push_back({std::move(cb), 0}); }
    /// rcu_segcblist_entrain(): behind the youngest one and waiting for the same; false if the list is empty.
    bool entrain(callback cb);
    /// rcu_segcblist_accelerate(): all new ones will be done with grace period `gp`. False if there were none.
    bool accelerate(std::uint64_t gp);
    /// rcu_segcblist_advance(): grace period `completed` and all before it have ended.
    void advance(std::uint64_t completed);
    /// Takes the oldest that is done. Precondition: ready() > 0.
    callback pop();

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t ready() const noexcept { return done_; }
    bool has_new() const noexcept { return numbered_ < entries_.size(); }

  private:
    struct entry {
        callback cb;
        std::uint64_t gp;  // 0: not known yet
    };
    std::deque<entry> entries_;
    std::size_t done_{};      // the first of them that may run
    std::size_t numbered_{};  // the first of them that are done or have a number
};

}  // namespace drainlab::kernel
