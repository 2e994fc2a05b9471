// Carries out what the machine asks for, and tells it the answers: the same on Asio and in a test.
#pragma once
#include "fusefs/control/watch/fsm.hpp"

#include <deque>

namespace drainlab::control::watch {

/// The world around one machine. None of these may call the runner, but for tell().
struct effects {
    virtual instant now() = 0;
    /// Send a request to the gate; false if it was not taken.
    virtual bool arm(std::uint64_t tag) = 0;
    virtual bool probe(std::uint64_t tag, pid_t unmounter) = 0;
    /// Whether the thread that carries out `tag` is known and blocked behind a writer.
    virtual bool blocked(std::uint64_t tag) = 0;
    /// Whether thread `tid` gets there within some microseconds.
    virtual bool gets_blocked(pid_t tid) = 0;
    virtual void poll_events() = 0;
    /// Whether thread `tid`, of anybody, waits in deactivate_super(). False where that cannot be told.
    virtual bool deactivates(pid_t tid) = 0;
    virtual bool mounted() = 0;
    /// About the STATFS just parked, and the one kept.
    virtual void keep_call() = 0;
    virtual void answer_call() = 0;
    virtual void let_go() = 0;
    virtual void drop_call() = 0;
    virtual void tell_gated(bool held, const std::string& why) = 0;
    virtual void tell_held(bool held) = 0;
    virtual void tell_detached() = 0;
    virtual void tell_dying() = 0;
    virtual void trace(const std::string& name) = 0;
    virtual void kill_gate() = 0;
    /// Tell `timer` at that instant, and at no earlier one that was asked for before.
    virtual void wake_at(std::optional<instant> when) = 0;

  protected:
    ~effects() = default;
};

/// Thread: one. Inputs told while another is worked on wait for their turn.
class runner {
  public:
    /// `world` outlives it.
    runner(umount_fsm machine, effects& world) : fsm_{std::move(machine)}, world_{world} {}
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;

    void tell(input in);
    /// Nothing is carried out any more, not even what is left of a step.
    void end() noexcept { ended_ = true; }
    const umount_fsm& machine() const noexcept { return fsm_; }

  private:
    void carry_out(const output& o);

    umount_fsm fsm_;
    effects& world_;
    std::deque<input> inputs_;
    std::optional<instant> waking_at_;
    bool running_{}, ended_{};
};

}  // namespace drainlab::control::watch
