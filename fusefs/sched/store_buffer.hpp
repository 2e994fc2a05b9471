// Store buffering: what a fiber has written to a shared variable
// may be seen by the others late, until it passes a barrier.
#pragma once
#include "fusefs/sched/decider.hpp"
#include "fusefs/sched/shared.hpp"

#include <vector>

namespace drainlab::sched {

/// One first-in-first-out buffer per fiber (as on x86-TSO), for plain stores and for unordered atomic adds. Weaker
/// than x86 in one respect: taking a lock does not empty the buffer, as an acquire does not order older stores
/// (Documentation/ memory-barriers.txt). Releasing a spinlock is a store like any other: who takes it next sees what
/// came before, others need not yet. Releasing a sleeping lock, blocking, waking and queueing work are full barriers.
///
/// When a store becomes visible is decided at the first load that could tell: an earlier moment
/// would look the same to all. So there is no choice where no other fiber's store is pending.
class store_buffers final : public memory_model {
  public:
    /// Both must outlive it.
    store_buffers(scheduler& sched, decider& choices) : sched_{sched}, choices_{&choices} {}

    std::int64_t load(const shared_cell& cell) override;
    void store(shared_cell& cell, std::int64_t value) override;
    std::int64_t add(shared_cell& cell, std::int64_t delta) override;
    void add_relaxed(shared_cell& cell, std::int64_t delta) override;
    void fence() override;
    released_stores release() override;
    void acquire(const released_stores& from) override;
    std::uint64_t issued() const override { return issued_; }
    void fence_all(std::uint64_t since) override;

    /// From now on every store is seen at once and no choice is asked for.
    void calm();
    bool empty() const noexcept { return buffers_.empty(); }

  private:
    struct entry {
        shared_cell* cell;
        std::int64_t value;
        bool is_delta;
        std::uint64_t number;  // among all stores, in the order in which they were issued
    };
    struct buffer {
        fiber_id fiber;
        std::vector<entry> entries;
    };
    void push(shared_cell& cell, std::int64_t value, bool is_delta);
    void observe(const shared_cell& cell);
    static void apply(const entry& e);
    static void drain(buffer& b, std::size_t count);

    scheduler& sched_;
    decider* choices_;
    std::uint64_t issued_{};
    std::vector<buffer> buffers_;  // those that hold something
};

}  // namespace drainlab::sched
