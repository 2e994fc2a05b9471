// The mounts of this daemon: made, found, waited for, taken down.
#pragma once
#include "fusefs/control/mount_word.hpp"
#include "fusefs/control/served_mount.hpp"
#include "fusefs/control/umount_times.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

/// A mount that was not over when the daemon ended.
struct held_mount {
    std::string dir, name;   ///< `dir`: where it is, or was last
    std::string why_left{};  ///< empty: its name has been taken away; else it is still there, and why
    bool draining{};         ///< nobody held it: its drain was not over when time ran out
};

/// Why an unmount cannot be made to take longer: nothing makes it wait. `why`: there is no gate.
api_error delay_without_gate(const std::string& why);
/// There is no such drain policy; with the names of those that there are.
api_error unknown_policy(const std::string& word);

/// Totals of mounts that are gone.
struct gone_totals {
    std::uint64_t requests{}, guessed_bytes{}, unknown_caller{};
    umount_times times;
};

/// Thread: the loop's. Callbacks come from the loop.
class served_mounts final : mount_owner {
  public:
    struct callbacks {
        /// The last mount has gone.
        std::function<void()> on_empty;
        /// Why no mount may be made on a directory; may be empty. `type`: of the file system that it lies on; empty: to
        /// be found out.
        std::function<std::optional<std::string>(const std::string& dir, const std::string& type)> why_off_limits{};
    };
    served_mounts(mount_parts parts, mount_defaults defaults, callbacks on);
    ~served_mounts();

    using made = std::function<void(api_result<mount_view>)>;
    /// Answers when the mount serves and the gate holds it.
    void create(mount_request request, made done);

    /// Why create() would refuse, as far as that can be told without asking any file system. Where the kernel has its
    /// path in memory, without the table of mounts.
    std::optional<api_error> refuse(const mount_request& r) const;
    /// What a client calls by this word: see readings_of(). Of several, the newest that is not gone, else the newest.
    std::optional<std::uint32_t> number_of(const std::string& word) const;
    /// A mount that is not gone, or null.
    served_mount* find(const std::string& word) const;
    /// The same among all, also those gone.
    std::optional<mount_view> view(const std::string& word) const;
    /// The last 4096 that are gone, then all that are not: oldest first.
    std::vector<mount_view> views() const;
    const std::map<std::uint32_t, std::shared_ptr<served_mount>>& living() const noexcept { return mounts_; }
    bool idle() const noexcept { return mounts_.empty() && opening_.empty(); }
    const gone_totals& gone() const noexcept { return totals_; }

    /// What ends a wait before its time, without an answer. Empty when it is over already. May be called late, or
    /// never.
    using give_up = std::function<void()>;
    /// Calls `done` with true once that is reached (or never will be: the mount is gone), with false after `timeout`.
    give_up wait(served_mount& m, milestone what, milliseconds timeout, std::function<void(bool)> done);
    /// Once a switch of one of the mount's inodes is in flight, or false after `timeout`.
    give_up wait_switch(served_mount& m, milliseconds timeout, std::function<void(bool)> done);
    /// Waits that are not over.
    std::size_t waits() const noexcept { return waiters_.size(); }
    /// In force for `m` (all living mounts, and as the default) once `done` is called.
    void set_policy(served_mount& m, const kernel::drain_policy& policy, std::function<void()> done);
    void set_policy_everywhere(const kernel::drain_policy& policy, std::function<void()> done);
    const kernel::drain_policy& default_policy() const noexcept { return *defaults_.policy; }

    /// The drain of `m` takes at least that long, or (nothing) no longer. With `every`, so do those of later mounts on
    /// its directory.
    void hold(served_mount& m, std::optional<hold_request> h);

    /// Asks for an unmount from outside; `done` gets 0 or errno.
    void unmount(served_mount& m, bool lazy, bool force, std::function<void(int)> done);
    /// Unmounts everything. Who is busy, or was detached and is held, is detached lazily and named by held(); drains
    /// that have begun are waited for until `timeout`. From now on no mount can be made.
    void stop(milliseconds timeout, std::function<void()> done);
    bool stopping() const noexcept { return stopping_; }
    /// From now on no mount can be made.
    void close() noexcept { stopping_ = true; }
    /// After stop(), or in place of the rest of it: no drain is held any longer, all dirty data goes to its stores.
    /// `done` is called when that is over, or after `limit`.
    void flush(milliseconds limit, std::function<void()> done);
    /// What the stores do not have.
    std::vector<lost_file> unwritten() const;
    /// Mounts that stop() has found held so far.
    std::vector<held_mount> held() const;
    /// At the end: cuts all connections.
    void abandon_all();

  private:
    struct waiter;
    struct stop_state;
    void on_changed(served_mount& m) override;
    void on_gone(served_mount& m) override;
    std::optional<std::uint32_t> newest(const mount_word& w) const;
    void take_away(served_mount& m) override;
    std::optional<api_error> on_one_of_ours(const std::string& dir, const std::optional<os::mount_below>& below) const;
    kernel::backing_dev_info* shared_bdi(const served_mount& new_one) const;
    sched::task<> open_and_start(std::shared_ptr<served_mount> m, made done);
    void start(const std::shared_ptr<served_mount>& m, made done);
    void take_away_unserved(const std::shared_ptr<served_mount>& m);
    void stop_step();
    void flush_step(std::shared_ptr<boost::asio::steady_timer> timer, std::chrono::steady_clock::time_point until,
                    std::function<void()> done);

    static constexpr std::size_t remembered = 4096;
    mount_parts parts_;
    mount_defaults defaults_;
    callbacks on_;
    std::map<std::uint32_t, std::shared_ptr<served_mount>> mounts_;
    std::deque<mount_view> gone_;
    gone_totals totals_;
    std::list<std::shared_ptr<waiter>> waiters_;
    std::map<std::string, hold_request> holds_;  // of every drain on a directory
    std::shared_ptr<stop_state> stop_;
    std::set<std::uint32_t> taking_away_;  // said so in the log
    std::uint32_t last_id_{};
    /// Whose stores, or whose mount system calls, have not answered yet.
    std::list<std::shared_ptr<served_mount>> opening_;
    std::size_t placing_{};  // of them in their mount system calls
    bool stopping_{};
};

}  // namespace drainlab::control
