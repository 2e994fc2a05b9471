// What a thread waits for, as /proc tells it.
#pragma once
#include <sys/types.h>

#include <string_view>

namespace drainlab::gate {

/// A place in the kernel, from the name of the function that a thread waits in (/proc/TID/wchan).
enum class thread_place {
    nowhere,   ///< it runs, or may, or nobody is told where it is
    s_umount,  ///< waits for the lock of a superblock, or (where the kernel names no caller) for some lock of that kind
    deactivate_super,  ///< waits for that lock to take the superblock down: it has put the last reference
    answer,            ///< waits for the answer to a FUSE request
    elsewhere,         ///< waits for something else
};
/// `name` is what wchan says, a compiler's suffix (.part.0) included. The names differ between kernels; each is known
/// exactly, as jbd2_write_superblock or reread_super wait for something else.
thread_place place_named(std::string_view name) noexcept;

/// One thread's wchan, kept open: asking costs one system call. Not copyable; movable.
class thread_watch {
  public:
    /// Thread `tid` of any process that we may look at.
    explicit thread_watch(pid_t tid);
    ~thread_watch();
    thread_watch(thread_watch&& o) noexcept;
    thread_watch& operator=(thread_watch&& o) noexcept;

    /// False once the thread has ended, or if it may not be looked at; `place` is where it is now.
    bool look(thread_place& place) const noexcept;

  private:
    int fd_;
};

}  // namespace drainlab::gate
