#include "fusefs/fuse/kill_suidgid.hpp"

#include <linux/fuse.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace drainlab::fuse {

namespace {

// The last one libfuse 3.14 is told of, and does not tell (seen in its answer): without it the kernel takes a lock for
// each look-up in a directory,
// in which not even SIGKILL ends whoever waits behind one that the store does not answer.
constexpr std::uint32_t wanted = FUSE_HANDLE_KILLPRIV_V2 | FUSE_SETXATTR_EXT | FUSE_PARALLEL_DIROPS;

/// The argument struct that follows the header; zeros where the request is shorter.
template <class T>
T argument(const void* request, std::size_t size) {
    T value{};
    const std::size_t at = sizeof(fuse_in_header);
    if (size > at) std::memcpy(&value, static_cast<const char*>(request) + at, std::min(sizeof value, size - at));
    return value;
}

}  // namespace

std::size_t kill_request::read(void* request, std::size_t size) {
    kills_ = false;
    fuse_in_header header{};
    if (size < sizeof header) return size;
    std::memcpy(&header, request, sizeof header);
    unique_ = header.unique;
    switch (header.opcode) {
        case FUSE_INIT: offered_ = argument<fuse_init_in>(request, size).flags & wanted; break;
        case FUSE_WRITE: kills_ = argument<fuse_write_in>(request, size).write_flags & FUSE_WRITE_KILL_SUIDGID; break;
        case FUSE_OPEN: kills_ = argument<fuse_open_in>(request, size).open_flags & FUSE_OPEN_KILL_SUIDGID; break;
        case FUSE_CREATE: kills_ = argument<fuse_create_in>(request, size).open_flags & FUSE_OPEN_KILL_SUIDGID; break;
        case FUSE_SETATTR: kills_ = argument<fuse_setattr_in>(request, size).valid & FATTR_KILL_SUIDGID; break;
        case FUSE_SETXATTR:
            if (offered_ & FUSE_SETXATTR_EXT) return shorten_setxattr(request, size);
            break;
        default: break;
    }
    return size;
}

/// The argument as it was before FUSE_SETXATTR_EXT: without its last two members.
std::size_t kill_request::shorten_setxattr(void* request, std::size_t size) {
    constexpr std::size_t keep = sizeof(fuse_in_header) + FUSE_COMPAT_SETXATTR_IN_SIZE;
    constexpr std::size_t whole = sizeof(fuse_in_header) + sizeof(fuse_setxattr_in);
    if (size < whole) return size;
    kills_ = argument<fuse_setxattr_in>(request, size).setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID;
    auto* const bytes = static_cast<char*>(request);
    std::memmove(bytes + keep, bytes + whole, size - whole);
    const auto length = static_cast<std::uint32_t>(size - (whole - keep));
    std::memcpy(bytes + offsetof(fuse_in_header, len), &length, sizeof length);
    return length;
}

void kill_request::answer(const iovec* iov, int count) {
    if (!offered_ || answered_ || count < 2) return;
    answered_ = true;  // the first answer is the one to INIT
    auto* const out = static_cast<char*>(iov[1].iov_base);
    constexpr std::size_t at = offsetof(fuse_init_out, flags);
    std::uint32_t flags = 0;
    if (iov[1].iov_len < at + sizeof flags) return;
    std::memcpy(&flags, out + at, sizeof flags);
    flags |= offered_;
    std::memcpy(out + at, &flags, sizeof flags);
}

}  // namespace drainlab::fuse
