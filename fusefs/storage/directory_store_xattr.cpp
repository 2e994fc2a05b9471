// Extended attributes, POSIX ACLs among them: the store keeps and judges them.
#include "fusefs/storage/directory_store.hpp"

#include <sys/xattr.h>

#include <cerrno>

namespace drainlab::storage {

namespace {

/// Attributes are reached through /proc/thread-self/fd/N, which leads to the file itself, also where that is a symlink
/// (opened with O_PATH).
int reach(node& f, node_table& nodes, std::string& path) {
    const int fd = nodes.fd(f);
    if (fd < 0) return -fd;
    path = "/proc/thread-self/fd/" + std::to_string(fd);
    return 0;
}

constexpr std::string_view capability = "security.capability";

}  // namespace

int directory_store::setxattr(node& f, const char* name, const void* value, std::size_t size, int flags) {
    std::string path;
    if (const int err = reach(f, nodes_, path)) return err;
    f.no_capability = false;
    return ::setxattr(path.c_str(), name, value, size, flags) == 0 ? 0 : errno;
}

int directory_store::getxattr(node& f, const char* name, void* value, std::size_t size, std::size_t& got) {
    if (f.no_capability && name == capability) {
        f.no_capability = root_.is_private;  // others may set one from outside: known once, for a file just made
        return ENODATA;
    }
    std::string path;
    if (const int err = reach(f, nodes_, path)) return err;
    const ssize_t n = ::getxattr(path.c_str(), name, value, size);
    if (n < 0) {
        const int err = errno;
        f.no_capability |= root_.is_private && err == ENODATA && name == capability;
        return err;
    }
    got = static_cast<std::size_t>(n);
    return 0;
}

int directory_store::listxattr(node& f, void* list, std::size_t size, std::size_t& got) {
    got = 0;
    std::string path;
    if (const int err = reach(f, nodes_, path)) return err;
    const ssize_t n = ::listxattr(path.c_str(), static_cast<char*>(list), size);
    if (n < 0) return errno;
    got = static_cast<std::size_t>(n);
    return 0;
}

int directory_store::removexattr(node& f, const char* name) {
    std::string path;
    if (const int err = reach(f, nodes_, path)) return err;
    return ::removexattr(path.c_str(), name) == 0 ? 0 : errno;
}

}  // namespace drainlab::storage
