// FUSE_HANDLE_KILLPRIV_V2, which libfuse 3.14 does not know: with it the kernel need not ask for security.capability before each
// write, but leaves setuid and setgid bits to us, by a flag in the request.
#pragma once
#include <sys/uio.h>

#include <cstddef>

namespace drainlab::fuse {

/// What INIT and the requests say of it. One per session. Thread: loop.
class kill_request {
  public:
    /// Looks at a request as it came from the device, before libfuse does.
    void read(const void* request, std::size_t size);
    /// The answer to INIT is on its way out: adds the flag, if the kernel offered it. Other answers stay as they are.
    void answer(const iovec* iov, int count);
    /// The request that was read last wants setuid and setgid bits taken away.
    bool kills() const noexcept { return kills_; }

  private:
    bool kills_{}, offered_{}, answered_{};
};

}  // namespace drainlab::fuse
