#include "fusefs/fuse/kill_suidgid.hpp"

#include <linux/fuse.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace drainlab::fuse {

namespace {

/// The argument struct that follows the header; zeros where the request is shorter.
template <class T>
T argument(const void* request, std::size_t size) {
    T value{};
    const std::size_t at = sizeof(fuse_in_header);
    if (size > at) std::memcpy(&value, static_cast<const char*>(request) + at, std::min(sizeof value, size - at));
    return value;
}

}  // namespace

void kill_request::read(const void* request, std::size_t size) {
    kills_ = false;
    fuse_in_header header{};
    if (size < sizeof header) return;
    std::memcpy(&header, request, sizeof header);
    switch (header.opcode) {
        case FUSE_INIT: offered_ = argument<fuse_init_in>(request, size).flags & FUSE_HANDLE_KILLPRIV_V2; break;
        case FUSE_WRITE: kills_ = argument<fuse_write_in>(request, size).write_flags & FUSE_WRITE_KILL_SUIDGID; break;
        case FUSE_OPEN: kills_ = argument<fuse_open_in>(request, size).open_flags & FUSE_OPEN_KILL_SUIDGID; break;
        case FUSE_CREATE: kills_ = argument<fuse_create_in>(request, size).open_flags & FUSE_OPEN_KILL_SUIDGID; break;
        case FUSE_SETATTR: kills_ = argument<fuse_setattr_in>(request, size).valid & FATTR_KILL_SUIDGID; break;
        default: break;
    }
}

void kill_request::answer(const iovec* iov, int count) {
    if (!offered_ || answered_ || count < 2) return;
    answered_ = true;  // the first answer is the one to INIT
    auto* const out = static_cast<char*>(iov[1].iov_base);
    constexpr std::size_t at = offsetof(fuse_init_out, flags);
    std::uint32_t flags = 0;
    if (iov[1].iov_len < at + sizeof flags) return;
    std::memcpy(&flags, out + at, sizeof flags);
    flags |= FUSE_HANDLE_KILLPRIV_V2;
    std::memcpy(out + at, &flags, sizeof flags);
}

}  // namespace drainlab::fuse
