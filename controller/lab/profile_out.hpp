// From what a guest measured of its own machine to a profile that `drainctl sim` takes.
#pragma once

#include "fusefs/kernel/profile.hpp"
#include "workloads/guest/causes.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace drainlab::lab {

/// The causes in a result's `guests`; names that are not known are left out.
guest::causes causes_of(const std::map<std::string, std::uint64_t>& figures);

/// A machine like the guest's, and which of its keys were measured there.
struct machine_profile {
    kernel::profile profile;
    std::set<std::string> measured;
};

/// What was not measured is as in `elsewhere`. Only causes go in: never a latency of RCU, nor the length of an unmount
/// with a drain. `shared_clock`: the guest's time counted the instructions of all its CPUs together.
machine_profile profile_of(const guest::causes& c, const kernel::profile& elsewhere, bool shared_clock);

/// The profile as a file of workloads/profiles, read back by profile::parse_profile() to
/// the same values. `heading` and what the guest's latencies were stand in it as comments.
std::string profile_text(const machine_profile& m, const guest::causes& c, const std::string& heading);

/// "synchronize_rcu() 7.1 ms idle, 12.0 under load; ...": what is no cause, for people.
std::string latencies_told(const guest::causes& c);

}  // namespace drainlab::lab
