// What libfuse 3.14 does not know. FUSE_HANDLE_KILLPRIV_V2: the kernel need not ask for security.capability
// before each write, but leaves setuid and setgid bits to us, by a flag in the request. FUSE_SETXATTR_EXT: such
// a flag, too, in the request that sets an ACL. FUSE_PARALLEL_DIROPS: it knows it, and does not pass it on.
#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace drainlab::fuse {

/// What INIT and the requests say of it. One per session. Thread: loop.
class kill_request {
  public:
    /// Looks at a request of `size` bytes as it came from the device, before libfuse
    /// does, and brings it into the form that libfuse knows. @return its size then
    std::size_t read(void* request, std::size_t size);
    /// The answer to INIT is on its way out: adds the flags that the kernel offered. Other answers stay as they are.
    void answer(const iovec* iov, int count);
    /// The request that was read last wants setuid and setgid bits taken away; one that sets an ACL, the setgid bit.
    bool kills() const noexcept { return kills_; }
    /// By which the kernel knows the request that was read last.
    std::uint64_t unique() const noexcept { return unique_; }
    /// One that was read earlier is processed now, and did or did not.
    void recall(bool kills, std::uint64_t unique) noexcept { kills_ = kills, unique_ = unique; }

  private:
    std::size_t shorten_setxattr(void* request, std::size_t size);

    std::uint32_t offered_{};
    std::uint64_t unique_{};
    bool kills_{}, answered_{};
};

}  // namespace drainlab::fuse
