#include "controller/machine/holders/unix_diag.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cstring>

namespace drainlab::machine {

namespace {

bool ask(int socket) {
    struct {
        nlmsghdr header;
        unix_diag_req body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = ~0U;
    request.body.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS;
    return send(socket, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

/// One message of the answer: kept if its file lies on the device.
void keep(const nlmsghdr* message, std::uint32_t device, std::vector<bound_socket>& into) {
    const auto* body = static_cast<const unix_diag_msg*>(NLMSG_DATA(message));
    bound_socket found{body->udiag_ino, {}};
    bool here = false;
    auto left = static_cast<int>(NLMSG_PAYLOAD(message, sizeof *body));
    for (auto* a = reinterpret_cast<const rtattr*>(body + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        const auto* data = static_cast<const char*>(RTA_DATA(a));
        if (a->rta_type == UNIX_DIAG_NAME) found.path.assign(data, strnlen(data, RTA_PAYLOAD(a)));
        if (a->rta_type == UNIX_DIAG_VFS) here = reinterpret_cast<const unix_diag_vfs*>(data)->udiag_vfs_dev == device;
    }
    if (here) into.push_back(std::move(found));
}

}  // namespace

std::optional<std::vector<bound_socket>> bound_on(unsigned major, unsigned minor) {
    const os::unique_fd socket{::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
    if (!socket || !ask(socket.get())) return std::nullopt;
    const std::uint32_t device = major << 20 | minor;  // as the kernel's own dev_t
    std::vector<bound_socket> found;
    alignas(nlmsghdr) static thread_local char text[64 * 1024];
    for (;;) {
        const ssize_t got = recv(socket.get(), text, sizeof text, 0);
        if (got <= 0) return std::nullopt;
        auto left = static_cast<unsigned>(got);
        for (auto* m = reinterpret_cast<const nlmsghdr*>(text); NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_type == NLMSG_ERROR) return std::nullopt;
            if (m->nlmsg_type == NLMSG_DONE) return found;
            keep(m, device, found);
        }
    }
}

}  // namespace drainlab::machine
