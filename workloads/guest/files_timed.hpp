// Times the load's steps and plain file work, one after the other with nothing else at work.
#pragma once

#include "workloads/guest/load.hpp"

#include <cstdint>
#include <string>

namespace drainlab::guest {

/// One generation of the load: cgroup made and entered, all its writes, exit and cgroup removed.
struct generation_times {
    std::int64_t create_ns = 0, write_ns = 0, remove_ns = 0;
    std::int64_t locked_ns =
        0;  ///< of create and remove: mkdir, the write to cgroup.procs and rmdir, which hold cgroup_mutex
};
/// Runs one generation in `dir` and times it; what does not work ends the guest.
generation_times time_generation(channel& out, const std::string& dir, const load_shape& shape);

/// Work on plain files, medians.
struct file_times {
    std::int64_t file_write_ns = 0;      ///< open, a page written, close
    std::int64_t copy_mib_ns = 0;        ///< a MiB into the page cache
    std::int64_t writeback_page_ns = 0;  ///< of a dirty page in syncfs(2), without what a sync takes anyway
};
/// In a directory of an idle filesystem, each `times` times.
file_times time_files(const std::string& dir, int times);

}  // namespace drainlab::guest
