#include "controller/churn/worker.hpp"

#include "controller/churn/evidence.hpp"
#include "controller/machine/process.hpp"

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

constexpr auto death_limit = 30s;

std::string text_of(int error) { return std::strerror(error); }

/// Somebody who looks through /proc, or walks a path, holds a mount for an instant: an EBUSY that
/// goes by itself within this time, and of which we are not seen to be the cause, is theirs.
constexpr auto passing = 2s;

std::int64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

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
    wait_for_death();
    if (mounted_.store.empty()) return;
    const std::string text = machine::read_text(mounted_.store + file_);
    need(text == content_, "the store has " + std::to_string(text.size()) + " bytes that are not the " +
                               std::to_string(content_.size()) + " written");
    counts_.bytes_verified += text.size();
    if (!wrote_) return;
    const std::string blocks = machine::read_text(mounted_.store + writer_file());
    const std::string wrong = check_blocks(blocks, holder_.acknowledged());
    need(wrong.empty(), "the file of a killed writer: " + wrong);
    counts_.bytes_verified += blocks.size();
}

/// What must go through does, perhaps after somebody has passed by; else it
/// fails with all that can be found out. False when the name had gone already.
bool worker::unmount_idle(const std::string& what, int flags, std::uint64_t& took_ns) {
    const auto until = std::chrono::steady_clock::now() + passing;
    int error = unmount_undisturbed(dir_, flags, took_ns);
    for (bool counted = false; error == EBUSY && std::chrono::steady_clock::now() < until;) {
        const auto found = look_at(dir_);
        need(!found.by_us, what + ": " + text_of(error) + " (" + found.text + ")");
        counts_.passers_by += !std::exchange(counted, true);
        std::this_thread::sleep_for(1ms);
        error = unmount_undisturbed(dir_, flags, took_ns);
    }
    if (error == 0) return true;
    const auto found = look_at(dir_);
    // drainfs takes away the name of a mount whose connection was cut while it was busy.
    if (error == EINVAL && cut_ && !found.mounted) {
        ++counts_.names_taken;
        return false;
    }
    throw failure{what + ": " + text_of(error) + " (" + found.text + ")"};
}

/// What must be refused, because we hold it, is.
void worker::unmount_held(const std::string& what, int flags) {
    std::uint64_t took = 0;
    const int error = unmount_undisturbed(dir_, flags, took);
    if (error == EBUSY) return;
    need(false,
         what + " of a busy mount: " + (error ? text_of(error) : "it went through") + " (" + look_at(dir_).text + ")");
}

void worker::unmount(action a, int flags) {
    auto& mine = counts_.actions[static_cast<std::size_t>(a)];
    std::uint64_t took = 0;
    const auto called = now_ns();
    if (unmount_idle(action_names[static_cast<std::size_t>(a)], flags, took)) {
        mine.ns.record(took);
        counts_.unmounts.add({a, called, took, std::nullopt});
    }
    owed_ = true;
    ++yard_.backlog;
    ++mine.cycles;
    ++yard_.cycles_done;
}

void worker::paid() {
    if (std::exchange(owed_, false)) --yard_.backlog;
}

void worker::wait_for_death() {
    const auto dead =
        yard_.kind.wait_dead(mounted_, std::chrono::duration_cast<std::chrono::milliseconds>(death_limit));
    need(dead.has_value(), dead ? "" : "waiting for its death: " + dead.error().message);
    counts_.unmounts.last_died_at(now_ns());
    paid();
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

/// Another mount over the same path while the first is held.
void worker::second_mount() {
    // A store of its own: the detached superblock still has the first one.
    auto other = yard_.kind.mount(dir_, store_ + "-over");
    need(other.has_value(), other ? "" : "mount over a detached one: " + other.error().message);
    std::uint64_t took = 0;
    unmount_idle("umount of the second mount", 0, took);
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
