// One mount and its life: live -> detached -> dying -> dead -> gone.
#pragma once
#include "fusefs/control/requests.hpp"
#include "fusefs/control/umount_watch.hpp"
#include "fusefs/fuse/session.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/emulated_device.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::storage {
class filesystem;
class io_pool;
}  // namespace drainlab::storage

namespace drainlab::control {

/// The daemon's parts that mounts are made of. All outlive the mounts.
struct mount_parts {
    boost::asio::io_context& io;
    kernel::host& host;
    fuse::environment& env;
    storage::io_pool& pool;
    trace::hub& events;
    umount_watch& watch;
    /// No drain keeps an unmounter longer: then the gate opens, come what may. Below the kernel's hung-task warning.
    milliseconds drain_limit{60'000};
};

/// live: serves, its name is there. detached: the name is gone, somebody holds the superblock (or nobody knows yet). dying: the last
/// reference is gone, the mimicked shutdown runs. dead: it has ended and so has the connection. gone: nothing is left but a record.
enum class mount_state : std::uint8_t { live, detached, dying, dead, gone };
std::string_view to_string(mount_state s) noexcept;

enum class phase : std::uint8_t { detached, drain_begins, drained, dead };
inline constexpr std::size_t phase_count = 4;
std::string_view to_string(phase p) noexcept;
std::optional<phase> parse_phase(std::string_view word) noexcept;

/// What a mount looks like from outside: MOUNT of docs/api.md. Stays when the mount is gone.
struct mount_view {
    std::uint32_t id{};
    std::string name, dir, policy, profile;
    dev_t dev{};
    mount_state state{};
    std::optional<std::string> store, bdi;
    std::optional<pid_t> with_pid;
    bool keep_pages{}, gated{}, allow_other{};
    std::vector<std::string> options;
    milliseconds umount_delay{};
    device_limits device;
    storage::device_times device_use;
    std::vector<std::pair<std::uint64_t, std::uint64_t>>
        device_errors;                                  ///< matched and injected, for each of device.errors
    std::array<std::int64_t, phase_count> phases_ns{};  ///< CLOCK_MONOTONIC; 0: not reached
    std::int64_t isw_in_flight{};
    kernel::switch_stats switches;
    kernel::drain_stats drain;
    std::uint64_t open_files{}, inodes{}, dirty_bytes{}, guessed_bytes{}, unknown_caller{}, requests{};
    std::vector<kernel::violation> violations;
};

class mount;

/// Who keeps the mounts. Called on the loop thread.
struct mount_owner {
    /// A phase was reached, or the state changed.
    virtual void on_changed(mount& m) = 0;
    /// Everything is over: the owner may let it go (not from inside this call).
    virtual void on_gone(mount& m) = 0;

  protected:
    ~mount_owner() = default;
};

/// Thread: the loop's. Ownership: shared with its own fibers and timers; abandon() cuts these.
class mount final : public std::enable_shared_from_this<mount>, umount_events {
  public:
    mount(const mount_parts& parts, mount_owner& owner, std::uint32_t id, mount_request request,
          const kernel::drain_policy& policy);
    ~mount();
    mount(const mount&) = delete;
    mount& operator=(const mount&) = delete;

    /// Makes the filesystem, the superblock and the FUSE mount. Then calls `ready` once it serves and the gate holds it (or cannot:
    /// then unmounts do not wait, and `why` says so). On failure nothing is left, and `ready` is not called.
    std::optional<api_error> start(kernel::backing_dev_info* bdi, std::function<void(const std::string& why)> ready);
    /// At the daemon's end: ends the connection, whoever holds it. No callback comes afterwards.
    void abandon();

    std::uint32_t id() const noexcept { return id_; }
    const std::string& name() const noexcept { return request_.name; }
    const std::string& dir() const noexcept { return request_.dir; }
    dev_t dev() const noexcept;
    mount_state state() const noexcept { return state_; }
    bool gated() const noexcept { return gated_; }
    std::int64_t phase_ns(phase p) const noexcept { return phases_[static_cast<std::size_t>(p)]; }
    const std::optional<std::string>& store() const noexcept { return request_.store; }
    const std::optional<std::string>& bdi_name() const noexcept { return request_.bdi; }
    const std::shared_ptr<kernel::super_block>& super() const noexcept { return sb_; }
    mount_view view() const;

    /// Changes what `p` names, except the policy (which takes time; see kernel::set_drain_policy()).
    void apply(const mount_patch& p);
    /// The drain takes at least this long, counted from its beginning; nothing: no longer.
    void set_hold(std::optional<hold_request> h);

  private:
    void on_connection_end();
    // umount_events
    void on_gated(bool held, const std::string& why) override;
    void on_detached(std::int64_t t_ns) override;
    void on_dying() override;

    std::optional<api_error> make_filesystem(kernel::backing_dev_info* bdi);
    std::optional<api_error> make_session();
    fuse::session_events session_callbacks();
    void reached(phase p, std::int64_t t_ns);
    void begin_shutdown();
    sched::task<> shut_down(std::shared_ptr<mount> self);
    void watch_limit(milliseconds after);
    void on_limit();
    void dead_when_over();
    void clear_away();
    bool name_is_gone();
    void follow_pid();
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
    struct timers;
    std::unique_ptr<timers> timers_;

    mount_state state_{mount_state::live};
    std::array<std::int64_t, phase_count> phases_{};
    std::size_t first_violation_{};
    int name_looks_{};  ///< how often we have looked whether the name is still there
    dev_t dev_{};
    bool gated_{}, name_may_remain_{}, shutting_down_{}, model_done_{}, session_ended_{}, abandoned_{};
};

}  // namespace drainlab::control
