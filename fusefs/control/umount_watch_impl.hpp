// What watches unmounts, inside. Private to fusefs/control: umount_watch.cpp holds what is seen from outside, umount_gate.cpp the gate
// program's life, umount_probe.cpp how the end of a superblock is noticed.
#pragma once
#include "fusefs/control/umount_watch.hpp"
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
#include <utility>
#include <vector>

namespace drainlab::control {

/// One watched superblock.
struct watched_entry {
    using steady = std::chrono::steady_clock;

    watched_entry(boost::asio::io_context& io, watched_mount w, umount_events& t)
        : m{std::move(w)}, tell{t}, timer{io} {}

    watched_mount m;
    umount_events& tell;
    boost::asio::steady_timer timer;            // the next probe, or the next look at one
    std::shared_ptr<fuse::statfs_call> holder;  // the gate's STATFS, or null
    pid_t holder_tid{};                         // 0: the gate does not hold it
    std::uint64_t probe{};                      // tag of the probe, or of the hanging sweep, that is out; or 0
    pid_t sweeper{};                            // the sweep's thread, if it is one
    std::uint64_t next_holder{};                // tag of the arming that queues behind a writer to be let through
    pid_t unmounter{};                          // the thread that took the name away, if known
    steady::time_point probe_sent, closed_at;
    steady::time_point added_at{steady::now()}, detached_at;
    int step{};
    bool told_gated{}, detached{}, dying{}, letting_through{};

    bool armed() const noexcept { return holder_tid != 0; }
    void let_go() {
        holder_tid = 0;
        answer();
    }
    void answer() {
        if (const auto call = std::exchange(holder, nullptr)) call->answer();
    }
};
using entry_ptr = std::shared_ptr<watched_entry>;

class mount_watch final : public umount_watch, public std::enable_shared_from_this<mount_watch> {
  public:
    using steady = std::chrono::steady_clock;

    mount_watch(boost::asio::io_context& io, trace::hub& events, settings s)
        : io_{io}, events_{events}, settings_{s}, beat_{io}, restart_{io} {}

    void begin();
    void end();

    bool has_gate() const override { return holds_; }
    const std::string& why_no_gate() const override { return why_no_gate_; }
    pid_t gate_pid() const override { return gate_ ? gate_->pid() : 0; }
    const char* detach_source() const override {
        return detach_->kind() == gate::detach_events::source::fanotify ? "fanotify" : "mountinfo";
    }

    void add(const watched_mount& m, umount_events& tell) override;
    void remove(std::uint32_t id) override;
    void open(std::uint32_t id) override;
    bool on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) override;
    void on_statfs_interrupted(std::uint32_t id, pid_t caller) override;
    void unmount(const std::string& dir, bool lazy, bool force, unmounted done) override;

  private:
    entry_ptr find(std::uint32_t id) const {
        const auto found = entries_.find(id);
        return found == entries_.end() ? nullptr : found->second;
    }
    void emit(const char* name, const watched_entry& e) { events_.emit({.name = name, .mount = e.m.name}); }
    /// Calls `method` on the entry after `delay`, unless it has gone or its timer has been used for something else.
    void later(const entry_ptr& e, steady::duration delay, void (mount_watch::*method)(const entry_ptr&));

    // ---- umount_gate.cpp
    void start_gate();
    void on_gate_lost(const std::string& why);
    void on_returned(const gate::report& r);
    void heartbeat();

    // ---- arming
    void arm(const entry_ptr& e);
    void arm_all();
    void arm_overdue(const entry_ptr& e);
    void not_held(const entry_ptr& e, int error);
    void gated(watched_entry& e, bool held, const std::string& why);
    bool closed(const entry_ptr& e, std::shared_ptr<fuse::statfs_call> call);

    // ---- umount_probe.cpp
    void on_detach_event(std::uint64_t mount_id, pid_t tid);
    void detached(const entry_ptr& e, pid_t tid);
    void probe(const entry_ptr& e);
    void on_probing(const gate::report& r);
    void on_stuck(const gate::report& r);
    void look(const entry_ptr& e);
    void probe_arrived(const entry_ptr& e);
    void writer_queued(const entry_ptr& e);
    void dying(const entry_ptr& e);
    void let_through(const entry_ptr& e);
    void open_for_writer(const entry_ptr& e);

    boost::asio::io_context& io_;
    trace::hub& events_;
    settings settings_;
    std::unique_ptr<gate::gate_client> gate_;
    std::unique_ptr<gate::detach_events> detach_;
    std::map<std::uint32_t, entry_ptr> entries_;
    std::unordered_map<std::uint64_t, std::uint32_t> by_mount_id_;
    std::unordered_map<std::uint64_t, unmounted> unmounts_;
    boost::asio::steady_timer beat_, restart_;
    std::vector<steady::time_point> losses_;
    std::string why_no_gate_;
    bool holds_{}, ended_{};
    std::uint64_t last_tag_{};
};

}  // namespace drainlab::control
