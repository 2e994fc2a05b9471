// What a thread waits for, as /proc tells it.
#pragma once
#include <sys/types.h>

#include <string_view>

namespace drainlab::gate {

/// A place in the kernel, from the name of the function that a thread waits in (/proc/TID/wchan).
enum class thread_place {
    nowhere,    ///< it runs, or may, or nobody is told where it is
    s_umount,   ///< waits for the lock of a superblock
    answer,     ///< waits for the answer to a FUSE request
    elsewhere,  ///< waits for something else
};
/// `name` is what wchan says. The names differ between kernels: super_lock, deactivate_super, rwsem_down_*, down_read...
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
