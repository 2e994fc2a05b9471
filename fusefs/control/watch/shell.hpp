// The unmount watch on Asio, /proc, fanotify and the gate program. Private to this folder: shell.cpp has the mounts,
// shell_gate.cpp the gate.
#pragma once
#include "fusefs/control/watch/freeze.hpp"
#include "fusefs/control/watch/gate_fsm.hpp"
#include "fusefs/control/watch/runner.hpp"
#include "fusefs/control/watch/umount_watch.hpp"
#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/session.hpp"
#include "fusefs/gate/client.hpp"
#include "fusefs/gate/detach_events.hpp"
#include "fusefs/trace/hub.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace drainlab::control {

class asio_umount_watch;

/// One watched superblock: its machine, and the world that the machine acts on. Shared with its own timer's handler.
class watched_super final : public std::enable_shared_from_this<watched_super>, watch::effects {
  public:
    using steady = std::chrono::steady_clock;

    watched_super(asio_umount_watch& owner, watched_mount w, umount_events& tell);

    const watched_mount& mount() const noexcept { return m_; }
    const watch::umount_fsm& machine() const noexcept { return runner_.machine(); }
    void tell(watch::input in) { runner_.tell(std::move(in)); }
    void on_statfs(std::shared_ptr<fuse::statfs_call> call, const gate::thread_role& role);
    /// Answers what is parked. Nothing is told to the mount afterwards.
    void end();

  private:
    watch::instant now() override;
    bool arm(std::uint64_t tag) override;
    bool probe(std::uint64_t tag, pid_t unmounter) override;
    bool blocked(std::uint64_t tag) override;
    bool gets_blocked(pid_t tid) override;
    void poll_events() override;
    bool deactivates(pid_t tid) override;
    bool mounted() override;
    void keep_call() override;
    void answer_call() override { parked_->answer(); }
    void let_go() override;
    void drop_call() override;
    void tell_gated(bool held, const std::string& why) override { tell_.on_gated(held, why); }
    void tell_held(bool held) override { tell_.on_held(held); }
    void tell_detached() override;
    void tell_dying() override { tell_.on_dying(); }
    void trace(const std::string& name) override;
    void kill_gate() override;
    void wake_at(std::optional<watch::instant> when) override;

    asio_umount_watch& owner_;
    watched_mount m_;
    umount_events& tell_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<fuse::statfs_call> parked_, holder_;  // the STATFS that is being told of, and the gate's
    std::uint64_t ready_answer_{};
    watch::runner runner_;
};

/// The watch of all mounts: their machines, the gate they share, the detach events. Thread: the loop's.
class asio_umount_watch final : public umount_watch {
  public:
    asio_umount_watch(boost::asio::io_context& io, trace::hub& events, settings s);
    ~asio_umount_watch() override;

    bool has_gate() const override { return life_.holds(); }
    const std::string& why_no_gate() const override { return life_.why_not(); }
    std::string freeze_warning() const override { return life_.holds() ? freeze_.warning() : std::string{}; }
    pid_t gate_pid() const override { return gate_ ? gate_->pid() : 0; }
    bool is_gate(pid_t tid) const override { return gate_ && fuse::process_of(tid) == gate_->pid(); }
    const char* detach_source() const override;

    void add(const watched_mount& m, umount_events& tell) override;
    bool waited_to_the_end(std::uint32_t id) const override;
    void remove(std::uint32_t id) override;
    void open(std::uint32_t id) override;
    bool on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) override;
    void on_statfs_interrupted(std::uint32_t id, pid_t caller) override;
    void unmount(const std::string& dir, bool lazy, bool force, unmounted done) override;

    // For the entries.
    boost::asio::io_context& io() noexcept { return io_; }
    trace::hub& events() noexcept { return events_; }
    gate::gate_client* gate() noexcept { return gate_.get(); }
    void poll_events() { detach_->poll(); }
    freeze_release& freeze() noexcept { return freeze_; }
    /// The kernel looks every 15 s: a third of the limit leaves room for a busy machine.
    watch::instant renew_after() const noexcept { return watch::instant{settings_.request_timeout} / 3; }

  private:
    using entry_ptr = std::shared_ptr<watched_super>;
    entry_ptr find(std::uint32_t id) const;
    void tell(std::uint32_t id, watch::input in);
    void tell_all(const watch::input& in);
    void on_detach_event(std::uint64_t mount_id, pid_t tid);

    // ---- shell_gate.cpp
    void gate_step(watch::gate_event what, const std::string& text = {});
    void start_gate();
    void gate_is(std::unique_ptr<gate::gate_client> now);
    void on_returned(const gate::report& r);
    void on_stuck(const gate::report& r);
    void heartbeat();

    boost::asio::io_context& io_;
    trace::hub& events_;
    settings settings_;
    watch::gate_fsm life_;
    freeze_release freeze_;
    boost::asio::steady_timer beat_, rest_;
    std::unique_ptr<gate::gate_client> gate_;
    std::unique_ptr<gate::detach_events> detach_;
    std::map<std::uint32_t, entry_ptr> entries_;
    std::unordered_map<std::uint64_t, std::uint32_t> by_mount_id_;
    std::unordered_map<std::uint64_t, unmounted> unmounts_;
    std::uint64_t last_tag_{};  // of unmounts: below those of the mounts, which begin at 2^32
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace drainlab::control
