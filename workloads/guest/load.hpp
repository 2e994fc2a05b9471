// The background load: generation after generation of short-lived cgroups that write one file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::guest {

class channel;

/// Mounts cgroup2 and turns on the controllers that per-cgroup writeback needs.
void make_cgroups(channel& out);

/// Moves the calling process into cgroup `name`, which exists.
bool enter_cgroup(const std::string& name);
/// Makes cgroup `name`; false where it cannot be.
bool make_cgroup(const std::string& name);
/// Removes it, waiting for its last member to go.
void remove_cgroup(const std::string& name);

/// What a generation writes.
struct load_shape {
    int writes = 32;  ///< of 4 KiB, O_SYNC, in a generation
    bool drop_pages =
        true;  ///< POSIX_FADV_DONTNEED behind each write; without it the pages stay with their first writer
};

/// The writes of one generation to `file`. 0, or what went wrong.
int write_generation(const std::string& file, const load_shape& shape);

/// Burners, a process each; stop() or the destructor ends them.
class load {
  public:
    load(channel& out, load_shape shape);
    ~load() { stop(); }
    load(const load&) = delete;
    load& operator=(const load&) = delete;

    void start(const std::string& dir);
    void stop();
    /// Generations of all burners so far.
    std::int64_t generations() const;

  private:
    struct shared;
    void burn(int slot, const std::string& dir);

    channel& out_;
    load_shape shape_;
    shared* shared_;
    std::vector<pid_t> burners_;
};

}  // namespace drainlab::guest
