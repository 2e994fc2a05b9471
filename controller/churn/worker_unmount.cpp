// A worker's unmounts: those that must go through, those that must be refused, and the death that follows.
#include "controller/churn/evidence.hpp"
#include "controller/churn/worker.hpp"

#include <cerrno>
#include <chrono>
#include <thread>

namespace drainlab::churn {

using namespace std::chrono_literals;

namespace {

constexpr auto death_limit = 30s;

/// Somebody who looks through /proc, or walks a path, holds a mount for an instant: an EBUSY that
/// goes by itself within this time, and of which we are not seen to be the cause, is theirs.
constexpr auto passing = 2s;

std::int64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

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

}  // namespace drainlab::churn
