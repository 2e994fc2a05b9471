#include "workloads/guest/files_timed.hpp"

#include "workloads/guest/causes.hpp"
#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::guest {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// Nanoseconds to write `bytes` to a new file, in one call.
std::int64_t written(const std::string& path, std::size_t bytes) {
    const std::string data(bytes, 'm');
    unlink(path.c_str());  // not truncated: ext4 would write the new pages back at close
    const auto begun = now_ns();
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const bool whole = fd >= 0 && write(fd, data.data(), data.size()) == static_cast<ssize_t>(data.size());
    if (fd >= 0) close(fd);
    return whole ? now_ns() - begun : causes::unknown;
}

std::int64_t synced(const std::string& dir) {
    const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const auto begun = now_ns();
    const int rc = fd >= 0 ? syncfs(fd) : -1;
    const auto took = now_ns() - begun;
    if (fd >= 0) close(fd);
    return rc == 0 ? took : causes::unknown;
}

}  // namespace

generation_times time_generation(channel& out, const std::string& dir, const load_shape& shape) {
    struct stamps {
        std::int64_t entering, entered, written;
    };
    void* page = mmap(nullptr, sizeof(stamps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) out.give_up("mmap of a page failed");
    auto* at = static_cast<stamps*>(page);
    const auto begun = now_ns();
    if (!make_cgroup("timed")) out.give_up("mkdir of a cgroup failed");
    const auto made = now_ns();
    const pid_t pid = fork();
    if (pid == 0) {
        at->entering = now_ns();
        if (!enter_cgroup("timed")) _exit(9);
        at->entered = now_ns();
        const int rc = write_generation(dir + "/timed", shape);
        at->written = now_ns();
        _exit(rc);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (status != 0) out.give_up("a timed generation ended with status " + std::to_string(status));
    const auto removing = now_ns();
    remove_cgroup("timed");
    const auto removed = now_ns();
    const generation_times t{at->entered - begun, at->written - at->entered, removed - at->written,
                             made - begun + at->entered - at->entering + removed - removing};
    munmap(page, sizeof(stamps));
    return t;
}

file_times time_files(const std::string& dir, int times) {
    std::vector<std::int64_t> one, copies, pages;
    constexpr std::size_t size = 4 * mib;
    constexpr auto more = static_cast<std::int64_t>(size / 4096) - 1;
    for (int i = 0; i < times; ++i) {
        const auto small = written(dir + "/small", 4096), sync_small = synced(dir);
        const auto big = written(dir + "/big", size), sync_big = synced(dir);
        if (std::min({small, sync_small, big, sync_big}) < 0) break;
        one.push_back(small);
        copies.push_back(big / static_cast<std::int64_t>(size / mib));
        pages.push_back(std::max<std::int64_t>(sync_big - sync_small, 0) / more);
    }
    unlink((dir + "/big").c_str());
    return {median(one), median(copies), median(pages)};
}

}  // namespace drainlab::guest
