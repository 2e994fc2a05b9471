// The real scheduler: the machine's steady clock, on the one loop thread of an Asio io_context.
#pragma once
#include "fusefs/sched/scheduler.hpp"

#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::sched {

/// Runs fibers in order of arrival from the io_context's loop, in turns short enough that descriptors are served in
/// between. Time is CLOCK_MONOTONIC. Named points return at once unless widened.
/// Thread: construct, use and destroy on the thread that runs `io`. `io` must outlive it.
class real_scheduler final : public scheduler {
  public:
    explicit real_scheduler(boost::asio::io_context& io);
    ~real_scheduler() override;
    instant now() const noexcept override;

  protected:
    std::size_t choose(const std::deque<fiber*>&) override { return 0; }
    bool preempt_here(point at, nanoseconds& width) override;
    void poked() override;

  private:
    struct loop;
    void turn();
    void arm();
    std::unique_ptr<loop> loop_;
};

}  // namespace drainlab::sched
