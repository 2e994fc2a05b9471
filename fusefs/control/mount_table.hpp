// The mounts of this daemon: made, found, waited for, taken down.
#pragma once
#include "fusefs/control/mount.hpp"

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace drainlab::control {

/// What new mounts get unless their request says otherwise.
struct mount_defaults {
    const kernel::drain_policy* policy{};
    bool keep_pages{};
    umount_wait wait{umount_wait::automatic};
};

/// A mount that could not be unmounted because somebody holds it.
struct held_mount {
    std::string dir, name;
};

/// Totals of mounts that are gone.
struct gone_totals {
    std::uint64_t requests{}, guessed_bytes{}, unknown_caller{};
};

/// Thread: the loop's. Callbacks come from the loop.
class mount_table final : mount_owner {
  public:
    /// `on_list_changed` is called before every mount is made and after every one is gone (with the directories and devices to write
    /// down); `on_empty` when the last mount has gone.
    struct callbacks {
        std::function<void()> on_list_changed, on_empty;
    };
    mount_table(mount_parts parts, mount_defaults defaults, callbacks on);
    ~mount_table();

    using made = std::function<void(api_result<mount_view>)>;
    /// Answers when the mount serves and the gate holds it.
    void create(mount_request request, made done);

    /// By number, or by name (the newest one of that name). A mount that is not gone, or null.
    mount* find(const std::string& id_or_name) const;
    /// The same among all, also those gone.
    std::optional<mount_view> view(const std::string& id_or_name) const;
    /// The last 4096 that are gone, then all that are not: oldest first.
    std::vector<mount_view> views() const;
    const std::map<std::uint32_t, std::shared_ptr<mount>>& living() const noexcept { return mounts_; }
    const gone_totals& gone() const noexcept { return totals_; }

    /// Calls `done` with true once the phase is reached, with false after `timeout`.
    void wait(mount& m, phase p, milliseconds timeout, std::function<void(bool)> done);
    /// Once a switch of one of the mount's inodes is in flight, or false after `timeout`.
    void wait_switch(mount& m, milliseconds timeout, std::function<void(bool)> done);
    /// In force for `m` (all living mounts, and as the default) once `done` is called.
    void set_policy(mount& m, const kernel::drain_policy& policy, std::function<void()> done);
    void set_policy_everywhere(const kernel::drain_policy& policy, std::function<void()> done);
    const kernel::drain_policy& default_policy() const noexcept { return *defaults_.policy; }

    /// The drain of `m` takes at least that long, or (nothing) no longer. With `every`, so do those of later mounts on its directory.
    void hold(mount& m, std::optional<hold_request> h);

    /// Asks for an unmount from outside; `done` gets 0 or errno.
    void unmount(mount& m, bool lazy, bool force, std::function<void(int)> done);
    /// Unmounts everything. Who is busy, or was detached and is held, is detached lazily and named in the answer; drains that have begun
    /// are waited for until `timeout`. From now on no mount can be made.
    void stop(milliseconds timeout, std::function<void(std::vector<held_mount>)> done);
    bool stopping() const noexcept { return stopping_; }
    /// At the end: cuts all connections.
    void abandon_all();

  private:
    struct waiter;
    struct stop_state;
    void on_changed(mount& m) override;
    void on_gone(mount& m) override;
    std::optional<api_error> refuse(const mount_request& r) const;
    kernel::backing_dev_info* shared_bdi(const mount_request& r) const;
    void stop_step();

    static constexpr std::size_t remembered = 4096;
    mount_parts parts_;
    mount_defaults defaults_;
    callbacks on_;
    std::map<std::uint32_t, std::shared_ptr<mount>> mounts_;
    std::deque<mount_view> gone_;
    gone_totals totals_;
    std::list<std::shared_ptr<waiter>> waiters_;
    std::map<std::string, hold_request> holds_;  // of every drain on a directory
    std::shared_ptr<stop_state> stop_;
    std::uint32_t last_id_{};
    bool stopping_{};
};

}  // namespace drainlab::control
