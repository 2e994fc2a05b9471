#include "tests/unit/control/fake_kernel.hpp"

#include <linux/fuse.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace drainlab::control::test {

namespace {

sockaddr_un address_in(const std::string& dir) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    const auto path = dir + "/dev-fuse";
    path.copy(a.sun_path, sizeof a.sun_path - 1);
    return a;
}

}  // namespace

std::uint64_t connection::ask(std::uint32_t opcode, std::uint64_t node, const std::string& body) {
    fuse_in_header header{};
    header.len = static_cast<std::uint32_t>(sizeof header + body.size());
    header.opcode = opcode;
    header.unique = last_ += 2;
    header.nodeid = node;
    header.pid = static_cast<std::uint32_t>(getpid());
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += body;
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error{"the daemon is gone"};
    return last_;
}

connection::answer connection::hear() {
    std::vector<char> bytes(1 << 20);
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    fuse_out_header header{};
    if (got < static_cast<ssize_t>(sizeof header)) return {};
    std::memcpy(&header, bytes.data(), sizeof header);
    return {
        header.unique, -header.error, {bytes.data() + sizeof header, static_cast<std::size_t>(got) - sizeof header}};
}

fake_kernel::fake_kernel() {
    listener_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto where = address_in(dir_.dir);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
        ::listen(listener_.get(), 16) != 0)
        throw std::runtime_error{"no socket"};
}

int fake_kernel::make(const fuse::session_options& options, fuse::new_mount& out, std::string& error) const {
    if (refuse_with != 0) {
        error = "mount point " + options.dir.string() + ": refused";
        return refuse_with;
    }
    out.fuse.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto where = address_in(dir_.dir);
    if (::connect(out.fuse.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) return errno;
    out.who = os::identify_mount(AT_FDCWD, options.dir.c_str());
    if (options.on_identity) options.on_identity(out.who);
    if (before_it_is_seen) before_it_is_seen();
    out.direct = true;
    return 0;
}

connection fake_kernel::accept() const {
    return connection{os::unique_fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)}};
}

}  // namespace drainlab::control::test
