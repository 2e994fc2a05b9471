#include "fusefs/input/read_file.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::input {
namespace {

file_text failure(const std::string& path, const std::string& why, int err) {
    return {std::nullopt, path + ": " + why, err};
}

std::string size_word(std::size_t bytes) {
    return bytes % mebibyte == 0 ? std::to_string(bytes / mebibyte) + " MiB" : std::to_string(bytes >> 10) + " KiB";
}

const char* kind_of(mode_t mode) {
    return S_ISDIR(mode)                    ? "a directory"
           : S_ISFIFO(mode)                 ? "a pipe"
           : S_ISSOCK(mode)                 ? "a socket"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                            : "something else";
}

}  // namespace

file_text read_file(const std::string& path, std::size_t most) {
    if (path.find('\0') != std::string::npos) return failure(path.c_str(), "a path has no zero byte", EINVAL);
    // O_NONBLOCK: nobody writes into this pipe, no tape is in this drive.
    const os::unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat st {};
    if (!file || ::fstat(file.get(), &st) != 0) {
        const int err = errno;
        return failure(path, std::string{"cannot be read: "} + std::strerror(err), err);
    }
    if (!S_ISREG(st.st_mode))
        return failure(path, std::string{"is "} + kind_of(st.st_mode) + "; a regular file is expected", EINVAL);
    std::string text;
    char part[1 << 16];
    for (;;) {  // not by st_size: files of /proc have none, and a file may grow
        const ssize_t got = ::read(file.get(), part, sizeof part);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int err = errno;
            return failure(path, std::string{"cannot be read: "} + std::strerror(err), err);
        }
        if (got == 0) return {std::move(text), {}, 0};
        text.append(part, static_cast<std::size_t>(got));
        if (text.size() > most)
            return failure(path, "is larger than " + size_word(most) + ", the most that is read of such a file", EFBIG);
    }
}

}  // namespace drainlab::input
