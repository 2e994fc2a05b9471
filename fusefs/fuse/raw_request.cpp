#include "fusefs/fuse/raw_request.hpp"

#include <linux/fuse.h>

#include <algorithm>
#include <cstring>

namespace drainlab::fuse {

namespace {

using fault::operation;

/// The argument struct that follows the header; zeros where the request is shorter.
template <class T>
T argument(const void* request, std::size_t size) noexcept {
    T value{};
    const std::size_t at = sizeof(fuse_in_header);
    if (size > at) std::memcpy(&value, static_cast<const char*>(request) + at, std::min(sizeof value, size - at));
    return value;
}

/// What it is, and how many bytes of arguments stand before its name; `none`: it has no name.
struct kind {
    operation op;
    std::size_t name_at;
};
constexpr std::size_t none = ~std::size_t{0};

std::optional<kind> kind_of(std::uint32_t opcode, const void* request, std::size_t size) noexcept {
    switch (opcode) {
        case FUSE_LOOKUP: return kind{operation::lookup, 0};
        case FUSE_GETATTR: return kind{operation::getattr, none};
        case FUSE_SETATTR:
            return kind{
                argument<fuse_setattr_in>(request, size).valid & FATTR_SIZE ? operation::truncate : operation::setattr,
                none};
        case FUSE_READLINK: return kind{operation::readlink, none};
        case FUSE_SYMLINK: return kind{operation::symlink, 0};
        case FUSE_MKNOD: return kind{operation::mknod, sizeof(fuse_mknod_in)};
        case FUSE_MKDIR: return kind{operation::mkdir, sizeof(fuse_mkdir_in)};
        case FUSE_UNLINK: return kind{operation::unlink, 0};
        case FUSE_RMDIR: return kind{operation::rmdir, 0};
        case FUSE_RENAME: return kind{operation::rename, sizeof(fuse_rename_in)};
        case FUSE_RENAME2: return kind{operation::rename, sizeof(fuse_rename2_in)};
        case FUSE_LINK: return kind{operation::link, sizeof(fuse_link_in)};
        case FUSE_CREATE: return kind{operation::create, sizeof(fuse_create_in)};
        case FUSE_OPEN: return kind{operation::open, none};
        case FUSE_READ: return kind{operation::read, none};
        case FUSE_WRITE: return kind{operation::write, none};
        case FUSE_FLUSH: return kind{operation::flush, none};
        case FUSE_FSYNC: return kind{operation::fsync, none};
        case FUSE_FALLOCATE: return kind{operation::fallocate, none};
        case FUSE_LSEEK: return kind{operation::lseek, none};
        case FUSE_COPY_FILE_RANGE: return kind{operation::copy_file_range, none};
        case FUSE_RELEASE: return kind{operation::release, none};
        case FUSE_OPENDIR: return kind{operation::opendir, none};
        case FUSE_READDIR:
        case FUSE_READDIRPLUS: return kind{operation::readdir, none};
        case FUSE_FSYNCDIR: return kind{operation::fsyncdir, none};
        case FUSE_RELEASEDIR: return kind{operation::releasedir, none};
        case FUSE_STATFS: return kind{operation::statfs, none};
        case FUSE_GETXATTR: return kind{operation::getxattr, none};
        case FUSE_SETXATTR: return kind{operation::setxattr, none};
        case FUSE_LISTXATTR: return kind{operation::listxattr, none};
        case FUSE_REMOVEXATTR: return kind{operation::removexattr, none};
        case FUSE_IOCTL: return kind{operation::ioctl, none};
        default: return std::nullopt;
    }
}

}  // namespace

std::optional<raw_request> look_at_request(const void* request, std::size_t size) noexcept {
    fuse_in_header header{};
    if (size < sizeof header) return std::nullopt;
    std::memcpy(&header, request, sizeof header);
    raw_request r;
    r.unique = header.unique;
    r.node = header.nodeid;
    r.tid = static_cast<pid_t>(header.pid);
    if (header.opcode == FUSE_INTERRUPT) r.interrupts = argument<fuse_interrupt_in>(request, size).unique;
    const auto what = kind_of(header.opcode, request, size);
    if (!what) return r;
    r.op = what->op;
    if (what->op == operation::write) r.bytes = argument<fuse_write_in>(request, size).size;
    const std::size_t at = sizeof header + what->name_at;
    if (what->name_at == none || at >= size) return r;
    const char* const name = static_cast<const char*>(request) + at;
    r.name = {name, ::strnlen(name, size - at)};
    return r;
}

std::size_t shorten_write(void* request, std::size_t size, std::uint64_t keep) noexcept {
    auto in = argument<fuse_write_in>(request, size);
    constexpr std::size_t data_at = sizeof(fuse_in_header) + sizeof in;
    if (size < data_at || keep >= in.size) return size;
    in.size = static_cast<std::uint32_t>(keep);
    const auto length = static_cast<std::uint32_t>(data_at + keep);
    auto* const bytes = static_cast<char*>(request);
    std::memcpy(bytes + sizeof(fuse_in_header), &in, sizeof in);
    std::memcpy(bytes + offsetof(fuse_in_header, len), &length, sizeof length);
    return length;
}

}  // namespace drainlab::fuse
