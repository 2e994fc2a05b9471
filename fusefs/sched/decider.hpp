// Who makes the choices of one run of the exhaustive scheduler: a search, a replay, a generator.
#pragma once
#include <cstdint>
#include <span>

namespace drainlab::sched {

struct fiber;

enum class choice_kind : std::uint8_t {
    run,      ///< the running fiber has blocked: who is next. Option n (one past the candidates): the next timer expires first
    preempt,  ///< at a named point: 0 goes on, i switches to candidate i - 1, the last one may be the timer
    memory,   ///< a store of another fiber is still in its buffer: 0 it is not seen yet, i its first i stores are
};

/// Makes one choice after the other. One per run or reused; no thread safety.
class decider {
  public:
    virtual ~decider() = default;
    /// An option below `options` (at least 2). `candidates` are the fibers that could run (empty for memory); valid during the call.
    virtual std::uint32_t decide(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) = 0;
};

}  // namespace drainlab::sched
