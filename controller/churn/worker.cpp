#include "controller/churn/worker.hpp"

#include "controller/client/process.hpp"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unistd.h>

namespace drainlab::churn {

using namespace std::chrono_literals;

namespace {

constexpr auto death_limit = 30s;

std::uint64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

std::string text_of(int error) { return std::strerror(error); }

/// A fork copies every thread's descriptors for a moment, and so holds their mounts: not while one of them unmounts.
std::shared_mutex forking;

/// A process that has `dir` as its working directory until it is killed.
pid_t spawn_holder(const char* dir) {
    const std::unique_lock alone(forking);
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) return -1;
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || chdir(dir) != 0) _exit(1);
        dup2(ready[1], 0);
        close_range(1, ~0U, 0);
        char yes = 1;
        if (write(0, &yes, 1) != 1) _exit(1);
        close(0);
        for (;;) pause();
    }
    close(ready[1]);
    char yes = 0;
    const bool holds = child > 0 && read(ready[0], &yes, 1) == 1;
    close(ready[0]);
    if (holds) return child;
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    return -1;
}

void end_process(pid_t& p) {
    if (p <= 0) return;
    kill(p, SIGKILL);
    waitpid(p, nullptr, 0);
    p = -1;
}

void end_descriptor(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
}

}  // namespace

worker::worker(yard& y, std::string base, std::uint64_t seed)
    : yard_(y), dir_(base + "/m"), store_(base + "/s"), random_(seed) {
    std::filesystem::create_directories(dir_);
    std::filesystem::create_directories(store_);
}

void worker::need(bool condition, const std::string& what) const {
    if (!condition) throw failure{what};
}

void worker::run() {
    while (!yard_.stop) {
        if (yard_.limited && yard_.cycles_left.fetch_sub(1) <= 0) break;
        const auto epoch = yard_.epoch.load();
        try {
            cycle();
        } catch (const failure& f) {
            if (epoch == yard_.epoch && yard_.daemon_up)
                counts_.violations.push_back(dir_ + ": " + f.what);
            else
                ++counts_.interrupted;
            clean_up();
            wait_for_daemon();
        }
    }
    clean_up();
}

void worker::cycle() {
    auto made = yard_.kind.mount(dir_, store_);
    need(made.has_value(), made ? "" : "mount: " + made.error().message);
    mounted_ = std::move(made.value());
    file_ = "/f" + std::to_string(++number_);
    const int fd = open((dir_ + file_).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    need(fd >= 0, "create a file: " + text_of(errno));
    content_.clear();
    held_ = fd;
    write_file(fd);
    end_descriptor(held_);
    const auto& w = yard_.weights;
    const auto pick = static_cast<int>(below(std::uint64_t{0} + static_cast<unsigned>(w[0]) +
                                             static_cast<unsigned>(w[1]) + static_cast<unsigned>(w[2])));
    if (pick < w[0])
        plain();
    else if (pick < w[0] + w[1])
        lazy();
    else
        force();
    unlink((store_ + file_).c_str());
}

/// Some pages more, in a pattern of this cycle; synced half of the time.
void worker::write_file(int fd) {
    std::string more((1 + below(4)) * 4096, '\0');
    for (std::size_t i = 0; i < more.size(); i += 8) {
        const std::uint64_t word = random_();
        std::memcpy(more.data() + i, &word, 8);
    }
    const auto at = static_cast<off_t>(content_.size());
    need(pwrite(fd, more.data(), more.size(), at) == static_cast<ssize_t>(more.size()), "write: " + text_of(errno));
    content_ += more;
    if (below(2) == 0) need(fsync(fd) == 0, "fsync: " + text_of(errno));
}

void worker::check_file(int fd) {
    std::string back(content_.size(), '\0');
    need(pread(fd, back.data(), back.size(), 0) == static_cast<ssize_t>(back.size()), "read: " + text_of(errno));
    need(back == content_, "the file reads back differently");
    counts_.bytes_verified += back.size();
}

/// After the superblock's death every byte is in the store.
void worker::check_store() {
    const auto dead =
        yard_.kind.wait_dead(mounted_, std::chrono::duration_cast<std::chrono::milliseconds>(death_limit));
    need(dead.has_value(), dead ? "" : "waiting for its death: " + dead.error().message);
    if (mounted_.store.empty()) return;
    const std::string text = client::read_text(mounted_.store + file_);
    need(text == content_, "the store has " + std::to_string(text.size()) + " bytes that are not the " +
                               std::to_string(content_.size()) + " written");
    counts_.bytes_verified += text.size();
}

int worker::try_unmount(int flags, std::uint64_t& took_ns) const {
    const std::shared_lock together(forking);
    const auto before = now_ns();
    const int error = umount2(dir_.c_str(), flags | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
    took_ns = now_ns() - before;
    return error;
}

void worker::unmount(action a, int flags) {
    auto& mine = counts_.actions[static_cast<std::size_t>(a)];
    std::uint64_t took = 0;
    const int error = try_unmount(flags, took);
    need(error == 0, std::string(action_names[static_cast<std::size_t>(a)]) + ": " + text_of(error));
    mine.ns.record(took);
    ++mine.cycles;
}

/// A descriptor of ours or a process, by chance. Its descriptor, or -1.
int worker::hold() {
    if (below(2) == 0) {
        held_ = open((dir_ + file_).c_str(), O_RDWR | O_CLOEXEC);
        need(held_ >= 0, "open: " + text_of(errno));
        return held_;
    }
    holder_ = spawn_holder(dir_.c_str());
    need(holder_ > 0, "start a holder");
    return -1;
}

void worker::plain() {
    if (below(4) == 0) {
        auto& mine = counts_.actions[0];
        ++mine.held;
        const int fd = hold();
        std::uint64_t took = 0;
        const int error = try_unmount(0, took);
        need(error == EBUSY, "umount of a busy mount: " + (error ? text_of(error) : "it went through"));
        ++mine.busy;
        if (fd >= 0) check_file(fd);
        counts_.holders_killed += holder_ > 0;
        end_descriptor(held_);
        end_process(holder_);
    }
    unmount(action::umount, 0);
    check_store();
}

/// Another mount over the same path while the first is held.
void worker::second_mount() {
    auto other = yard_.kind.mount(dir_, store_);
    need(other.has_value(), other ? "" : "mount over a detached one: " + other.error().message);
    std::uint64_t took = 0;
    const int error = try_unmount(0, took);
    need(error == 0, "umount of the second mount: " + text_of(error));
    const auto dead =
        yard_.kind.wait_dead(other.value(), std::chrono::duration_cast<std::chrono::milliseconds>(death_limit));
    need(dead.has_value(), dead ? "" : "the second mount: " + dead.error().message);
}

void worker::lazy() {
    const bool held = below(2) == 0;
    const int fd = held ? hold() : -1;
    counts_.actions[1].held += held;
    unmount(action::lazy, MNT_DETACH);
    if (fd >= 0) {
        write_file(fd);
        check_file(fd);
    }
    if (held && below(4) == 0) second_mount();
    counts_.holders_killed += holder_ > 0;
    end_descriptor(held_);
    end_process(holder_);
    check_store();
}

/// MNT_FORCE aborts a FUSE connection even when the mount is busy; then only the name is left, for a plain umount.
void worker::force() {
    const bool held = below(2) == 0;
    counts_.actions[2].held += held;
    if (held) {
        hold();
        std::uint64_t took = 0;
        const int error = try_unmount(MNT_FORCE, took);
        need(error == EBUSY, "umount -f of a busy mount: " + (error ? text_of(error) : "it went through"));
        ++counts_.actions[2].busy;
        counts_.holders_killed += holder_ > 0;
        end_descriptor(held_);
        end_process(holder_);
    }
    unmount(action::force, MNT_FORCE);
    const auto dead =
        yard_.kind.wait_dead(mounted_, std::chrono::duration_cast<std::chrono::milliseconds>(death_limit));
    need(dead.has_value(), dead ? "" : "waiting for its death: " + dead.error().message);
}

void worker::clean_up() {
    end_descriptor(held_);
    end_process(holder_);
    for (int i = 0; i < 64 && umount2(dir_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0; ++i) {}
}

void worker::wait_for_daemon() const {
    while (!yard_.daemon_up && !yard_.stop) std::this_thread::sleep_for(5ms);
}

}  // namespace drainlab::churn
