// Recorded events as stretches of time on tracks. Internal to this folder.
#pragma once

#include "controller/report/charts.hpp"
#include "controller/result/result.hpp"

#include <string>
#include <vector>

namespace drainlab::report {

/// Something that lasted, on the track of a mount, of a modelled CPU ("CPU 3") or of grace periods ("rcu").
struct time_span {
    std::string track, what;
    std::int64_t from_ns = 0, to_ns = 0;
};

/// A recording as stretches and instants.
struct timeline {
    std::vector<time_span> spans;
    std::vector<const traced_event*> instants;  ///< all events but those of CPUs; borrowed
};

/// What begins and ends in `events`: unmounts (umount_called ... umount_returned), their drains
/// and shutdowns, grace periods, turns on CPUs. What has no end in them ends with the last event.
timeline timeline_of(const std::vector<traced_event>& events);

/// An event as the kernel calls the moment: "drain_begins" is
/// cgroup_writeback_umount__entry; its own name where the kernel has none.
std::string kernel_name(const std::string& event);

/// Where nothing was recorded: the call, its drain and its end for every unmount of the cell, one after another.
std::vector<traced_event> events_of_samples(const cell& c);

/// "   12.345678901"
std::string seconds_text(std::int64_t ns);
/// Without spaces and control characters.
std::string one_word(std::string text);
/// Without line ends.
std::string one_line(std::string text);

}  // namespace drainlab::report
