// Short answers that wait until the loop has looked for the next request. Whoever is woken by an answer wants the CPU,
// the connection's locks and the daemon's next turn at once; woken a few at a time, callers are in each other's and in
// the daemon's way less often. Private to fusefs/fuse.
#pragma once
#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace drainlab::fuse {

/// The answers of one session that have been given and not written. Thread: loop.
class kept_answers {
  public:
    static constexpr std::size_t most = 4;

    /// A request takes so little time that the answers before it may wait for it, and its own for the next:
    /// attributes, or a write of at most 16 KiB.
    static bool is_short(const void* request, std::size_t size) noexcept;

    bool empty() const noexcept { return used_ == 0; }
    /// A short request is about to be processed. Its answer may wait if, of late, another request was there when
    /// one had been answered; now and then it is tried.
    void begin() noexcept { open_ = used_ < most && (hope_ > 0 || ++alone_ % 64 == 0); }
    void end() noexcept { open_ = false; }
    /// An answer on its way out. @return its size: it is kept, and counts as written; 0: it is not. What
    /// becomes of it nobody is told.
    std::size_t keep(const iovec* iov, int count) noexcept { return open_ ? take(iov, count) : 0; }
    /// Precondition: not empty. The loop has looked: the next request was there (`request`, `size` bytes), or none.
    /// True: the answers may wait for it.
    bool may_wait_for(const void* request, std::size_t size) noexcept;
    /// In the order in which they were given.
    void write_all(int device) noexcept;

  private:
    static constexpr std::size_t longest = 120;  // header and attributes
    std::size_t take(const iovec* iov, int count) noexcept;

    struct answer {
        std::size_t size;
        std::array<std::byte, longest> bytes;
    };
    std::array<answer, most> answers_;
    std::size_t used_{};
    int hope_{};  ///< that somebody else's request is there already; 0: next to none
    unsigned alone_{};
    bool open_{};
};

}  // namespace drainlab::fuse
