#include "fusefs/fuse/kept_answers.hpp"

#include <linux/fuse.h>

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace drainlab::fuse {

bool kept_answers::is_short(const void* request, std::size_t size) noexcept {
    constexpr std::size_t short_write = 16 * 1024 + sizeof(fuse_in_header) + sizeof(fuse_write_in);
    fuse_in_header header{};
    if (size < sizeof header) return false;
    std::memcpy(&header, request, sizeof header);
    return header.opcode == FUSE_GETATTR || (header.opcode == FUSE_WRITE && size <= short_write);
}

bool kept_answers::may_wait_for(const void* request, std::size_t size) noexcept {
    hope_ = size > 0 ? std::min(hope_ + 1, 8) : std::max(hope_ - 1, 0);
    return used_ < most && is_short(request, size);
}

std::size_t kept_answers::take(const iovec* iov, int count) noexcept {
    answer& a = answers_[used_];
    a.size = 0;
    for (int k = 0; k < count; ++k) {
        if (iov[k].iov_len > longest - a.size) return 0;
        std::memcpy(a.bytes.data() + a.size, iov[k].iov_base, iov[k].iov_len);
        a.size += iov[k].iov_len;
    }
    open_ = false;  // the one answer
    ++used_;
    return a.size;
}

void kept_answers::write_all(int device) noexcept {
    for (std::size_t k = 0; k < used_; ++k) {
        // ENOENT: a signal has ended the request
        [[maybe_unused]] const ssize_t sent = ::write(device, answers_[k].bytes.data(), answers_[k].size);
    }
    used_ = 0;
}

}  // namespace drainlab::fuse
