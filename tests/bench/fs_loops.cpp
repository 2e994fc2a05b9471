#include "tests/bench/fs_loops.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::bench {

namespace {

using std::filesystem::path;

outcome failed(const path& dir, const char* what) {
    std::fprintf(stderr, "%s: %s: %s\n", dir.c_str(), what, std::strerror(errno));
    return {};
}

/// `one(k)` for each k below `n`, timed; false ends it, with errno set.
template <class F>
outcome timed(const path& dir, const char* what, int n, F one) {
    const auto begin = std::chrono::steady_clock::now();
    for (int k = 0; k < n; ++k)
        if (!one(k)) return failed(dir, what);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    return {static_cast<std::uint64_t>(n), took.count() / n};
}

bool make(const path& name, const char* text = "") {
    const int fd = ::open(name.c_str(), O_CREAT | O_WRONLY, 0644);
    const auto size = static_cast<ssize_t>(std::strlen(text));
    const bool fine = fd >= 0 && ::write(fd, text, std::strlen(text)) == size;
    return ::close(fd) == 0 && fine;
}

bool make_and_remove(const path& name, const char* bytes, std::size_t size) {
    const int fd = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (fd < 0) return false;
    const bool written = size == 0 || ::write(fd, bytes, size) == static_cast<ssize_t>(size);
    return ::close(fd) == 0 && written && ::unlink(name.c_str()) == 0;
}

}  // namespace

outcome open_close(const path& dir) {
    const path name = dir / "opened";
    if (!make(name, "something")) return failed(dir, "create");
    return timed(dir, "open", 1000, [&](int) {
        const int fd = ::open(name.c_str(), O_RDONLY);
        return fd >= 0 && ::close(fd) == 0;
    });
}

outcome getattr(const path& dir) {
    const path name = dir / "attr";
    if (!make(name)) return failed(dir, "create");
    return timed(dir, "statx", 2000, [&](int) {
        struct statx st {};
        return ::statx(AT_FDCWD, name.c_str(), AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) == 0;
    });
}

outcome lookup_absent(const path& dir) {
    return timed(dir, "a name that is not there", 1000, [&](int k) {
        return ::access((dir / ("absent" + std::to_string(k))).c_str(), F_OK) != 0 && errno == ENOENT;
    });
}

outcome rename(const path& dir) {
    const path a = dir / "a name", b = dir / "another";
    ::unlink(b.c_str());
    if (!make(a)) return failed(dir, "create");
    return timed(dir, "rename", 1000,
                 [&](int k) { return (k % 2 ? ::rename(b.c_str(), a.c_str()) : ::rename(a.c_str(), b.c_str())) == 0; });
}

outcome unlink(const path& dir) {
    constexpr int n = 500;
    for (int k = 0; k < n; ++k)
        if (!make(dir / ("gone" + std::to_string(k)))) return failed(dir, "create");
    return timed(dir, "unlink", n, [&](int k) { return ::unlink((dir / ("gone" + std::to_string(k))).c_str()) == 0; });
}

outcome create_unlink(const path& dir) {
    return timed(dir, "create and unlink", 500, [&](int) { return make_and_remove(dir / "made", nullptr, 0); });
}

outcome create_write_unlink(const path& dir) {
    static const char page[4096]{};
    return timed(dir, "create, write, unlink", 500,
                 [&](int) { return make_and_remove(dir / "written", page, sizeof page); });
}

outcome mkdir_rmdir(const path& dir) {
    const path name = dir / "directory";
    return timed(dir, "mkdir and rmdir", 500,
                 [&](int) { return ::mkdir(name.c_str(), 0755) == 0 && ::rmdir(name.c_str()) == 0; });
}

outcome fsync_clean(const path& dir) {
    const path name = dir / "clean";
    if (!make(name, "something")) return failed(dir, "create");
    const int fd = ::open(name.c_str(), O_RDWR);
    if (fd < 0 || ::fsync(fd) != 0) return failed(dir, "fsync");
    const auto got = timed(dir, "fsync", 1000, [&](int) { return ::fsync(fd) == 0; });
    ::close(fd);
    return got;
}

outcome readdir_10000(const path& dir) {
    constexpr int entries = 10000, rounds = 3;
    const path many = dir / "many";
    if (std::filesystem::create_directory(many))
        for (int k = 0; k < entries; ++k)
            if (!make(many / std::to_string(k))) return failed(dir, "create");
    auto got = timed(dir, "readdir", rounds, [&](int) {
        DIR* const d = ::opendir(many.c_str());
        int seen = 0;
        while (d && ::readdir(d)) ++seen;
        if (d) ::closedir(d);
        return seen == entries + 2;
    });
    return {got.ops * entries, got.ns_per_op / entries};
}

}  // namespace drainlab::bench
