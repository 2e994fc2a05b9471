// What the kernel holds for us: a bound socket, a loop device, an overlay's layer, an io_uring's file.
#include "controller/hold/take.hpp"

#include <linux/io_uring.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::hold {

namespace {

/// A path as a value of overlay's lowerdir: what separates layers and options is escaped.
std::string as_layer(const std::string& path) {
    std::string escaped;
    for (const char c : path) {
        if (c == ':' || c == ',' || c == '\\') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

/// Makes a free loop device of the file. The number of the device, or -1; its descriptor stays open, and with the last
/// the device goes.
int make_loop(int file, bool writable) {
    const os::unique_fd control{open("/dev/loop-control", O_RDWR | O_CLOEXEC)};
    if (!control) return -1;
    loop_config how{};
    how.fd = static_cast<std::uint32_t>(file);
    how.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? 0U : static_cast<unsigned>(LO_FLAGS_READ_ONLY));
    for (int tries = 0; tries < 20; ++tries) {
        const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return -1;
        os::unique_fd device{open(("/dev/loop" + std::to_string(number)).c_str(), O_RDONLY | O_CLOEXEC)};
        if (!device) return -1;
        if (ioctl(device.get(), LOOP_CONFIGURE, &how) == 0) {
            device.release();
            return number;
        }
        if (errno != EBUSY) return -1;  // EBUSY: somebody else took it meanwhile
    }
    return -1;
}

}  // namespace

int take_unix_socket(const std::string& dir, std::string& step) {
    os::unique_fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket) return failed(step, "socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // By a relative path: the length of an address is limited, that of `dir` is not.
    const std::string name = ".drainlab-hold-" + std::to_string(getpid());
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    if (chdir(dir.c_str()) != 0) return failed(step, "chdir " + dir);
    const bool bound = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int error = bound ? 0 : failed(step, "bind a Unix socket in " + dir);
    if (bound) unlink(name.c_str());
    if (chdir("/") != 0) return failed(step, "chdir /");
    socket.release();
    return error;
}

int take_loop(const std::string& dir, traces& left, std::string& step) {
    const os::unique_fd file = some_file(dir, step);
    if (!file) return errno;
    const int flags = fcntl(file.get(), F_GETFL);
    const int number = make_loop(file.get(), (flags & O_ACCMODE) == O_RDWR);
    if (number < 0) return failed(step, "make a loop device of a file in " + dir);
    left.shown = "/dev/loop" + std::to_string(number);
    return 0;
}

int take_overlay(const std::string& dir, const std::string& scratch, traces& left, std::string& step) {
    left.made = scratch + "/overlay";
    if (mkdir(left.made.c_str(), 0700) != 0) return failed(step, "mkdir " + left.made);
    const std::string layers = "lowerdir=" + as_layer(dir) + ":" + as_layer(scratch);
    if (mount("drainlab-hold", left.made.c_str(), "overlay", MS_RDONLY, layers.c_str()) != 0)
        return failed(step, "mount an overlay with " + dir + " as a lower layer");
    left.mounted = left.shown = left.made;
    return 0;
}

int take_io_uring(const std::string& dir, std::string& step) {
    io_uring_params how{};
    os::unique_fd ring{static_cast<int>(syscall(SYS_io_uring_setup, 4, &how))};
    if (!ring) return failed(step, "io_uring_setup (kernel.io_uring_disabled, seccomp and old kernels refuse it)");
    fcntl(ring.get(), F_SETFD, FD_CLOEXEC);
    const os::unique_fd held{open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!held) return failed(step, "open " + dir);
    const int fd = held.get();
    if (syscall(SYS_io_uring_register, ring.get(), IORING_REGISTER_FILES, &fd, 1) != 0)
        return failed(step, "IORING_REGISTER_FILES of " + dir);
    ring.release();
    return 0;
}

}  // namespace drainlab::hold
