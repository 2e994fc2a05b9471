// Loops over metadata that bench_fs times: each makes what it needs before the clock starts.
#pragma once
#include "tests/bench/fs_jobs.hpp"

namespace drainlab::bench {

outcome open_close(const std::filesystem::path& dir);
/// statx() with AT_STATX_FORCE_SYNC, so that each one reaches the daemon.
outcome getattr(const std::filesystem::path& dir);
outcome lookup_absent(const std::filesystem::path& dir);
outcome rename(const std::filesystem::path& dir);
outcome unlink(const std::filesystem::path& dir);
outcome create_unlink(const std::filesystem::path& dir);
outcome create_write_unlink(const std::filesystem::path& dir);
outcome mkdir_rmdir(const std::filesystem::path& dir);
outcome fsync_clean(const std::filesystem::path& dir);
/// An operation is one entry.
outcome readdir_10000(const std::filesystem::path& dir);

}  // namespace drainlab::bench
