#include "workloads/guest/system.hpp"

#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::guest {

std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

void nap_us(std::int64_t microseconds) {
    timespec t{microseconds / 1'000'000, microseconds % 1'000'000 * 1000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {}
}

std::string read_file(const std::string& path) {
    std::string text;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return text;
    char piece[16384];
    for (ssize_t n = 0; (n = read(fd, piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(n));
    close(fd);
    return text;
}

int write_file(const std::string& path, const std::string& text, bool append) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC | (append ? O_APPEND : 0));
    if (fd < 0) return errno;
    const int error = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
    close(fd);
    return error;
}

void truncate_file(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd >= 0) close(fd);
}

int load_module(const std::string& name, const std::string& arguments) {
    const int fd = open(("/modules/" + name + ".ko").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    const int error = syscall(SYS_finit_module, fd, arguments.c_str(), 0) == 0 || errno == EEXIST ? 0 : errno;
    close(fd);
    return error;
}

std::int64_t children_cpu_ns() {
    rusage r{};
    getrusage(RUSAGE_CHILDREN, &r);
    return (std::int64_t{r.ru_stime.tv_sec} + r.ru_utime.tv_sec) * 1'000'000'000 +
           (std::int64_t{r.ru_stime.tv_usec} + r.ru_utime.tv_usec) * 1000;
}

std::string kernel_log() {
    constexpr int read_all = 3;
    std::string text(1 << 18, '\0');
    const int n = klogctl(read_all, text.data(), static_cast<int>(text.size()));
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}

}  // namespace drainlab::guest
