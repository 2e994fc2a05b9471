#include "fusefs/os/pass_fd.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace drainlab::os {
namespace {

/// One byte, and room for one descriptor beside it.
struct message {
    char byte{};
    iovec iov{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr header{};

    message() {
        header.msg_iov = &iov;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
    }
};

}  // namespace

bool send_fd(int socket, int fd) {
    message m;
    if (fd >= 0) {
        cmsghdr* const c = CMSG_FIRSTHDR(&m.header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
    } else {
        m.header.msg_control = nullptr;
        m.header.msg_controllen = 0;
    }
    ssize_t sent;
    while ((sent = ::sendmsg(socket, &m.header, MSG_NOSIGNAL)) < 0 && errno == EINTR) {}
    return sent == 1;
}

bool receive(int socket, unique_fd& brought) {
    message m;
    ssize_t got;
    while ((got = ::recvmsg(socket, &m.header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {}
    const cmsghdr* const c = got > 0 ? CMSG_FIRSTHDR(&m.header) : nullptr;
    int fd = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
    brought.reset(fd);
    return got > 0;
}

unique_fd receive_fd(int socket) {
    unique_fd brought;
    receive(socket, brought);
    return brought;
}

}  // namespace drainlab::os
