// Who makes the choices of one run of the exhaustive scheduler: a search, a replay, a generator.
#pragma once
#include <cstdint>
#include <span>

namespace drainlab::sched {

struct fiber;

/// What is to be chosen.
enum class choice_kind : std::uint8_t {
    run,      ///< the running fiber has blocked: which candidate is next
    preempt,  ///< at a named point: candidate 0 is the running fiber, which goes on; another one preempts it
    memory,   ///< a store of another fiber is still in its buffer: 0 it is not seen yet, i its first i stores are
};

/// Makes one choice after the other. One per run or reused; no thread safety.
class decider {
  public:
    virtual ~decider() = default;
    /// An option below `options` (at least 2). `candidates` are the fibers that could run, valid
    /// during the call; an option one past them means that the next timer expires. Empty for memory.
    virtual std::uint32_t decide(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) = 0;
};

}  // namespace drainlab::sched
