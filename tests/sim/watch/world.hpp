// A daemon with one gated mount, its gate program and the kernel below them: the watch's machines run here in virtual
// time.
#pragma once
#include "fusefs/control/watch/gate_fsm.hpp"
#include "fusefs/control/watch/runner.hpp"
#include "tests/sim/watch/kernel.hpp"

#include <memory>
#include <optional>

namespace watch_world {

using drainlab::control::watch::event;
using drainlab::control::watch::input;

/// What may happen in a run, besides one unmount.
struct troubles {
    bool holders{}, remounts{}, moves{};
    bool interruptions{}, stops{}, kills{};
    bool old_holds_end{};  ///< holds are renewed, as where fs.fuse.max_request_timeout is set
    bool gate_quiet() const { return !interruptions && !stops && !kills; }
};

class world final : drainlab::control::watch::effects {
  public:
    world(std::uint64_t seed, troubles t);

    /// Lets everything happen, then ends what is still there. The first broken promise, or "".
    std::string run();
    const std::vector<std::string>& story() const { return story_; }
    /// How often each thing was seen, over the life of the world.
    const std::map<std::string, int>& marks() const { return marks_; }

  private:
    // ---- effects
    instant now() override { return time_.now(); }
    bool arm(std::uint64_t tag) override;
    bool probe(std::uint64_t tag, pid_t unmounter) override;
    bool blocked(std::uint64_t tag) override;
    bool gets_blocked(pid_t tid) override { return sb_.lock.queued(tid); }
    void poll_events() override { fanotify_.drain(); }
    bool deactivates(pid_t tid) override { return tid == sb_.deactivator && !sb_.dead; }
    bool mounted() override { return sb_.named || sb_.copies > 0; }
    void keep_call() override;
    void answer_call() override { answer(arriving_, 0); }
    void let_go() override;
    void drop_call() override { holder_ = 0; }
    void tell_gated(bool held, const std::string& why) override;
    void tell_held(bool held) override;
    void tell_detached() override { note("detached"); }
    void tell_dying() override;
    void trace(const std::string& name) override { note(name); }
    void kill_gate() override;
    void wake_at(std::optional<instant> when) override;

    // ---- the gate program
    enum class role { arm, probe, sweep };
    enum class place { outside, queued, answer };
    struct thread {
        role r{};
        std::uint64_t tag{};
        place at{place::outside};
        bool read{};         ///< the daemon has read its STATFS
        bool interrupted{};  ///< a signal came before its STATFS did
    };
    void serve(role r, std::uint64_t tag, pid_t unmounter = 0);
    void enter(int id);
    void back(int id, int error);
    void sweep();
    void hanging(int id);
    void interrupt(int id);
    void kill_the_gate(const char* why);
    void threads_gone();
    void gate_step(drainlab::control::watch::gate_event what, const std::string& text = {});
    bool gate_runs() const { return gate_alive_ && !gate_stopped_; }

    // ---- the daemon
    void statfs(int id);
    void answer(int id, int error);
    void connection_ends();
    void tell(input in) { runner_->tell(std::move(in)); }

    // ---- what happens
    void happen();
    void end_all();
    void check_quiet();
    void broken(const std::string& promise);
    void note(const std::string& what);
    void log(const std::string& what);

    troubles may_;
    agenda time_;
    superblock sb_;
    channel fuse_, socket_, fanotify_;
    std::unique_ptr<drainlab::control::watch::runner> runner_;
    drainlab::control::watch::gate_fsm life_{true};
    std::map<int, thread> threads_;
    std::vector<std::function<void()>> stopped_work_;  // of the gate, until it goes on
    std::map<std::uint64_t, int> known_;               // threads that have said what they do, by tag
    int last_thread_{100}, epoch_{};
    bool gate_alive_{}, gate_stopped_{};
    int arriving_{}, holder_{};
    std::uint64_t wakes_{};
    bool told_{}, drained_{}, passed_{}, passed_drained_{}, connected_{true};
    bool claimed_at_end_{};  // when the last reference went
    int waiting_{};          // remounters and the like that have not come back
    std::string broken_;
    std::vector<std::string> story_;
    std::map<std::string, int> marks_;
};

}  // namespace watch_world
