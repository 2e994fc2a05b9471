// Holds a trace of a real kernel against what a drain policy promises.
#pragma once

#include "workloads/guest/trace_text.hpp"

#include <string>
#include <vector>

namespace drainlab::lab {

/// What a trace showed. Times are those of the trace.
struct trace_verdict {
    bool accepted = true;
    std::string rule;   ///< the promise that was broken
    std::string event;  ///< the first event that no run of the policy allows, and why
    int unmounts = 0;   ///< whole unmounts in the trace: begin, drain, eviction
    int waited = 0;     ///< of these, drains that waited for something
    int switches = 0;   ///< inodes prepared successfully
    int in_window = 0;  ///< unmounts whose drain began while a switch of theirs was prepared but not yet queued
    /// Nothing in the trace could tell this policy from another.
    bool vacuous() const { return waited == 0 && switches == 0; }
};

/// The policies whose promises are known: rework, base, race, rmbarrier, persb.
const std::vector<std::string>& checkable_policies();

/// Checks the orderings of `policy` in events as the guest records them (all tasks, in order of time):
///   - a switch of a superblock's inode is over (its worker has returned) before evict_inodes() of that superblock
/// begins;
///   - no inode of a superblock is prepared once its drain has begun;
///   - rework: the work of a switch runs after queue_rcu_work() and waits for no grace period itself;
///   - the others: the worker waits for a grace period before it switches;
///   - the drain waits for what the policy says, in that order, if switches are in flight, and for nothing else;
///   - race, rmbarrier: the drain's synchronize_rcu() ends after every batch of prepares that was open at its begin;
///   - persb: the drain sleeps only while a switch of its own superblock is under way.
trace_verdict check_orderings(const std::vector<guest::trace_event>& events, const std::string& policy);

}  // namespace drainlab::lab
