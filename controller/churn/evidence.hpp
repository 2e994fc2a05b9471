// What can be found out about a mount point when an unmount did not do what it must.
#pragma once

#include <string>

namespace drainlab::churn {

/// What look_at() found.
struct evidence {
    bool mounted = false;  ///< something is mounted there
    bool by_us = false;    ///< /proc shows that we hold it, or a process of drainlab's
    std::string text;      ///< its lines of mountinfo, and every holder, for people
};

/// Looks at mountinfo and at every process, this one's descriptors included. References that
/// last microseconds (somebody else looks through /proc, or walks a path) are not seen.
evidence look_at(const std::string& dir);

}  // namespace drainlab::churn
