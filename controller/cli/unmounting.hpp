// One unmount from the call to its last word: what umount_run.hpp does with a mount that has been found.
#pragma once
#include "controller/cli/daemon.hpp"
#include "controller/cli/umount_run.hpp"
#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/unmount.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace drainlab::cli {

/// To be run once. Thread: any one; it blocks.
class unmounting {
  public:
    using json = nlohmann::json;
    using milliseconds = std::chrono::milliseconds;
    using clock = std::chrono::steady_clock;

    /// `o` must live as long. `daemon` and `known` (its MOUNT) are nothing and null where no daemon answers for the
    /// mount; `copied`: it is a bind of the daemon's, or its copy in another namespace. --timeout counts from `begin`.
    unmounting(const umount_options& o, machine::mount_line mount, std::optional<client::blocking_client> daemon,
               json known, bool copied, clock::time_point begin);

    /// Unmounts, waits as far as the options say, and prints what came of it.
    result<exit_code> run();

  private:
    // ---- the call, and what follows it: unmounting.cpp
    milliseconds left() const;
    machine::unmount_kind kind() const;
    /// The system call, again and again while busy and --retry lasts.
    result<machine::unmount_outcome> call();
    /// Waits for the superblock's death, telling from time to time who holds it.
    result<exit_code> follow();
    /// Whether a MOUNT is the one meant: a daemon that has taken the place of another counts from 1 again.
    bool is_it(const json& mount) const;
    /// A daemon ends in order after its last mount: who answers now, if anybody, has never heard of it.
    bool is_gone() const;
    /// A daemon that ends in order takes its record along; one that was killed leaves it.
    bool has_been_killed() const;
    void refresh();
    void tell_holders();
    machine::holders_found find() const;

    // ---- what is said of it: unmounting_report.cpp
    result<exit_code> busy();
    result<exit_code> timed_out(bool in_call);
    result<exit_code> refused(const machine::unmount_outcome& tried) const;
    result<exit_code> done(const char* how);
    /// How long it took: until the call returned, and, if it is dead, until it was.
    std::optional<std::chrono::nanoseconds> over_after(std::string_view how) const;
    /// Prints an unhappy end and gives its exit code.
    exit_code outcome(const char* how, const machine::holders_found& found, const failure& why,
                      const std::string& phase = {}) const;
    json document(const char* how, const machine::holders_found& found, const std::string& phase) const;
    /// Milliseconds since the call; null where a phase was not seen.
    json phases_ms() const;
    std::string state() const { return known_.is_object() ? known_.value("state", "") : ""; }

    const umount_options& o_;
    machine::mount_line mount_;
    std::string shown_;  ///< its mount point as text
    std::optional<client::blocking_client> daemon_;
    json known_;   ///< the daemon's MOUNT; null when no daemon answers for it
    bool copied_;  ///< it is a bind of the mount, or its copy in another namespace
    clock::time_point begin_;
    std::optional<std::chrono::nanoseconds> called_, returned_;
    std::set<std::string> told_;
};

}  // namespace drainlab::cli
