#include "controller/churn/worker.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace drainlab::churn {

using namespace std::chrono_literals;

namespace {

void end_descriptor(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
}

}  // namespace

worker::worker(yard& y, std::string base, std::uint64_t seed)
    : yard_(y), dir_(base + "/m"), store_(base + "/s"), random_(seed) {
    std::filesystem::create_directories(dir_);
    std::filesystem::create_directories(store_);
    std::filesystem::create_directories(store_ + "-over");
    counts_.unmounts = moments{yard_.room};
}

std::string worker::text_of(int error) { return std::strerror(error); }

void worker::need(bool condition, const std::string& what) const {
    if (!condition) throw failure{what};
}

void worker::run() {
    while (!yard_.stop) {
        if (yard_.limited && yard_.cycles_left.fetch_sub(1) <= 0) break;
        const auto epoch = yard_.epoch.load();
        try {
            cycle();
            unlink((store_ + file_).c_str());
            unlink((store_ + writer_file()).c_str());
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
    wrote_ = cut_ = false;
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
}

/// A descriptor of ours, or a process that sits there or writes, by chance. The descriptor, or -1.
int worker::hold() {
    if (below(2) == 0) {
        held_ = open((dir_ + file_).c_str(), O_RDWR | O_CLOEXEC);
        need(held_ >= 0, "open: " + text_of(errno));
        return held_;
    }
    wrote_ = below(2) == 0;
    need(holder_.start(dir_, wrote_ ? writer_file().substr(1) : ""), "start a holder");
    return -1;
}

void worker::let_go() {
    counts_.holders_killed += holder_.running();
    end_descriptor(held_);
    holder_.end();
}

void worker::plain() {
    if (below(4) == 0) {
        auto& mine = counts_.actions[0];
        ++mine.held;
        const int fd = hold();
        unmount_held("umount", 0);
        ++mine.busy;
        if (fd >= 0) check_file(fd);
        let_go();
    }
    unmount(action::umount, 0);
    check_store();
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
    let_go();
    check_store();
}

/// MNT_FORCE aborts a FUSE connection even when the mount is busy; then only the name is left, for a plain umount.
void worker::force() {
    const bool held = below(2) == 0;
    counts_.actions[2].held += held;
    if (held) {
        hold();
        unmount_held("umount -f", MNT_FORCE);
        cut_ = true;
        ++counts_.actions[2].busy;
        let_go();
    }
    unmount(action::force, MNT_FORCE);
    wait_for_death();
}

void worker::clean_up() {
    paid();
    end_descriptor(held_);
    holder_.end();
    unlink((store_ + file_).c_str());
    unlink((store_ + writer_file()).c_str());
    for (int i = 0; i < 64 && umount2(dir_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0; ++i) {}
}

void worker::wait_for_daemon() const {
    while (!yard_.daemon_up && !yard_.stop) std::this_thread::sleep_for(5ms);
}

}  // namespace drainlab::churn
