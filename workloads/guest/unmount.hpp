// Real umount(8) calls that begin together.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::guest {

class channel;

/// How one umount(8) ended, and how long after all were let go.
struct unmount_end {
    pid_t pid = 0;
    int status = 0;  ///< as waitpid(2) tells
    std::int64_t took_ns = 0;
};

/// One process per directory, each waiting to become umount(8).
class unmounts {
  public:
    unmounts(channel& out, const std::vector<std::string>& dirs, bool lazy);
    std::vector<pid_t> pids() const;
    /// Lets all of them go and waits for all. The clock starts with the first.
    std::vector<unmount_end> run();
    std::int64_t begun_at() const { return begun_at_; }

  private:
    channel& out_;
    std::vector<unmount_end> ends_;
    int gate_ = -1;
    std::int64_t begun_at_ = 0;
};

}  // namespace drainlab::guest
