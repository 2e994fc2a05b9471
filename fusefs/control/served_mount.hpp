// A mount that this daemon serves, and its life: live -> detached -> dying -> dead -> gone.
#pragma once
#include "fusefs/control/mount_view.hpp"
#include "fusefs/control/watch/umount_watch.hpp"
#include "fusefs/fuse/session.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/os/mount_identity.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::storage {
class filesystem;
class stores;
struct pending_call;
struct unwritten_file;
}  // namespace drainlab::storage

namespace drainlab::control {

class owner_record;

/// The mount system calls, as fuse::make_mount() and fuse::unmake_mount() do them: in a thread that may wait.
struct mount_calls {
    std::function<int(const fuse::session_options&, fuse::new_mount&, std::string& error)> make;
    std::function<void(const fuse::session_options&, fuse::new_mount&)> unmake;
};
/// Those of this machine.
mount_calls real_mount_calls();

/// The daemon's parts that mounts are made of. All outlive the mounts.
struct mount_parts {
    boost::asio::io_context& io;
    kernel::host& host;
    fuse::environment& env;
    storage::stores& stores;
    trace::hub& events;
    umount_watch& watch;
    /// No drain keeps an unmounter longer: then the gate opens, come what may. Below the kernel's hung-task warning.
    milliseconds drain_limit{60'000};
    /// Whatever is made is noted there first. Null: nowhere.
    std::shared_ptr<owner_record> record{};
    mount_calls calls{real_mount_calls()};
};

/// What went wrong while making a mount, with the status and code that fit `error`, an errno.
api_error mount_error(int error, std::string message);

class served_mount;

/// Who keeps the mounts. Called on the loop thread.
struct mount_owner {
    /// A phase was reached, or the state changed.
    virtual void on_changed(served_mount& m) = 0;
    /// Everything is over: the owner may let it go (not from inside this call).
    virtual void on_gone(served_mount& m) = 0;
    /// Its name is to go, lazily, as soon as that can be done without touching what others have mounted over it.
    virtual void take_away(served_mount& m) = 0;

  protected:
    ~mount_owner() = default;
};

/// Thread: the loop's. Ownership: shared with its own fibers and timers; abandon() cuts these.
class served_mount final : public std::enable_shared_from_this<served_mount>, umount_events {
  public:
    served_mount(const mount_parts& parts, mount_owner& owner, std::uint32_t id, mount_request request,
                 const kernel::drain_policy& policy);
    ~served_mount();
    served_mount(const served_mount&) = delete;
    served_mount& operator=(const served_mount&) = delete;

    /// Opens the store. May take as long as that takes to answer, 10 s at most; on failure nothing is left.
    sched::task<std::optional<api_error>> open_store();
    /// After it: makes the FUSE mount, which may take as long as whoever
    /// keeps its directory locked, 8 s at most. A failure is told by start().
    sched::task<> place();
    bool placed() const noexcept;
    /// After it: makes the superblock, and serves. Then calls `ready` once it serves and the gate holds it (or cannot:
    /// then unmounts do not wait, and `why` says so). On failure nothing is left, and `ready` is not called.
    std::optional<api_error> start(kernel::backing_dev_info* bdi, std::function<void(const std::string& why)> ready);
    /// At the daemon's end: ends the connection, whoever holds it. No callback comes afterwards.
    void abandon();
    /// Before that: no drain is held any longer, and what is dirty goes to the store
    /// now, again and again. True once the store has all of it; call until then.
    bool hurry();
    /// What its writers were told is written, and its store does not have.
    std::vector<lost_file> unwritten() const;

    std::uint32_t id() const noexcept { return id_; }
    const std::string& name() const noexcept { return request_.name; }
    const std::string& dir() const noexcept { return request_.dir; }
    dev_t dev() const noexcept;
    /// Names nobody before the mount is made.
    const os::mount_identity& identity() const noexcept { return who_; }
    mount_state state() const noexcept { return state_; }
    bool gated() const noexcept { return gated_; }
    umount_wait wait() const noexcept { return request_.wait.value_or(umount_wait::automatic); }
    milliseconds umount_delay() const noexcept { return request_.umount_delay; }
    std::int64_t phase_ns(phase p) const noexcept { return phases_[static_cast<std::size_t>(p)]; }
    bool has_reached(const milestone& m) const noexcept;
    const std::optional<std::string>& store() const noexcept { return request_.store; }
    const std::optional<std::string>& bdi_name() const noexcept { return request_.bdi; }
    const std::shared_ptr<kernel::super_block>& super() const noexcept { return sb_; }
    mount_view view() const;

    /// Changes what `p` names, except the policy (which takes time; see kernel::set_drain_policy()).
    void apply(const mount_patch& p);
    /// Faults by operation. False: there is one of this name.
    bool add_fault(const fault::rule& r);
    /// Of that name, or all if it is empty. @return how many there were; how many requests hung.
    std::size_t clear_faults(const std::string& name);
    std::size_t release_faults(const std::string& name);
    bool loses_unsynced() const noexcept { return request_.lose_unsynced; }
    /// Drops what was written and not synced. `done` gets which files lost how much; nothing: the mount goes away.
    /// Precondition: loses_unsynced().
    void power_cut(std::function<void(std::optional<std::vector<lost_file>>)> done);
    /// The drain takes at least this long, counted from its beginning; nothing: no longer.
    void set_hold(std::optional<hold_request> h);

  private:
    void on_connection_end();
    // umount_events
    void on_gated(bool held, const std::string& why) override;
    void on_held(bool held) override;
    void on_detached(std::int64_t t_ns) override;
    void on_dying() override;

    void make_super(kernel::backing_dev_info* bdi);
    fuse::session_options session_options_here() const;
    std::function<void(const os::mount_identity&)> note_in_record() const;
    std::optional<api_error> make_session();
    fuse::session_events session_callbacks();
    void reached(phase p, std::int64_t t_ns);
    void begin_shutdown();
    sched::task<> shut_down(std::shared_ptr<served_mount> self);
    void watch_limit(milliseconds after);
    void on_limit();
    bool give_up_on_store();
    void dead_when_over();
    void clear_away();
    bool name_is_gone();
    void follow_pid();
    void wait_for_companion();
    void update_hold();
    std::int64_t now_ns() const;

    mount_parts parts_;
    mount_owner& owner_;
    std::uint32_t id_;
    mount_request request_;
    const kernel::drain_policy& policy_;
    std::optional<hold_request> hold_;
    std::function<void(const std::string&)> ready_;

    std::unique_ptr<storage::filesystem> fs_;
    std::shared_ptr<kernel::super_block> sb_;
    std::unique_ptr<fuse::session> session_;
    struct placing;
    std::shared_ptr<placing> placing_;  ///< until start()
    struct timers;
    std::unique_ptr<timers> timers_;

    mount_state state_{mount_state::live};
    std::array<std::int64_t, phase_count> phases_{};
    std::size_t first_violation_{};
    int name_looks_{};  ///< how often we have looked whether the name is still there
    os::mount_identity who_;
    bool hurrying_{};  ///< a fiber of hurry() is at work
    bool gated_{}, name_may_remain_{}, shutting_down_{}, limit_reached_{}, model_done_{}, session_ended_{},
        abandoned_{};
};

}  // namespace drainlab::control
