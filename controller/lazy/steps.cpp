// The five steps.
#include "controller/lazy/steps.hpp"

#include "controller/hold/holder.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/holders/holder.hpp"

#include <fmt/format.h>

#include <sys/mount.h>

#include <csignal>
#include <unistd.h>

namespace drainlab::lazy {

using namespace std::chrono_literals;

namespace {

std::string ms(std::int64_t ns) { return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6); }

/// Long enough for a shutdown that should not happen to show.
void pause_a_moment(const stage& on) { on.where.pause(on.delay + 20ms); }

/// A detach of a held mount waits for no shutdown: there is none yet.
void claim_at_once(scene& s, const stage& on, std::int64_t took) {
    s.claim(fmt::format("umount -l returned ({}) and no shutdown had begun", ms(took)), !s.shutting_down());
    pause_a_moment(on);
    s.claim("the superblock is alive as long as it is held", !s.shutting_down());
}

/// Whoever lets go last runs the shutdown, and waits for it, when unmounts wait in the kernel.
void claim_last_pays(scene& s, const stage& on, const std::string& who, std::int64_t took) {
    if (!on.gate) return;
    s.claim(fmt::format("{} had to wait for the shutdown ({})", who, ms(took)),
            took >= std::chrono::nanoseconds(on.delay).count());
}

void free_mount(scene& s, const stage& on) {
    s.mount("one\n");
    const auto took = s.detach();
    if (on.gate) {
        s.claim(fmt::format("umount -l waited for the whole shutdown ({})", ms(took)),
                took >= std::chrono::nanoseconds(on.delay).count());
        s.claim("the superblock was dead when it returned", s.dead());
    }
    s.wait_dead();
    s.claim("the store has every byte", s.stored(s.store()) == "one\n");
}

void held_by_fd(scene& s, const stage& on) {
    s.mount("one\n");
    auto file = s.open_file();
    const auto opened = now_ns();
    s.note("a process holds the file open");
    const auto took = s.detach();
    claim_at_once(s, on, took);
    s.append(file, "two\n");
    char back[16]{};
    const auto n = pread(file.get(), back, sizeof back, 0);
    s.note("written and read through the open file");
    s.claim("I/O through the open file goes on", n == 8 && std::string(back, 8) == "one\ntwo\n");
    const auto closing = s.timed("close", "the last close", [&] { file.reset(); });
    s.bar("holder", opened, now_ns());
    claim_last_pays(s, on, "the last close", closing);
    s.wait_dead();
    s.claim("the store has every byte, those written after the detach too", s.stored(s.store()) == "one\ntwo\n");
}

void held_by_cwd(scene& s, const stage& on) {
    s.mount("one\n");
    auto taken = hold::holder::take(hold::kind::cwd, s.dir());
    if (!taken) throw trouble{taken.error().message};
    auto& holder = taken.value();
    const auto since = now_ns();
    s.note(fmt::format("pid {} has its working directory there", holder.pid()));
    s.claim("a plain umount is refused with EBUSY", umount2(s.dir().c_str(), UMOUNT_NOFOLLOW) != 0 && errno == EBUSY);
    const auto took = s.detach();
    claim_at_once(s, on, took);
    bool seen = false;
    for (const auto& h : machine::find_holders({s.major(), s.minor(), {}}).holders)
        seen = seen || (h.pid == holder.pid() && h.kind == "cwd");
    s.claim("/proc tells who holds it, though it has no name any more", seen);
    holder.release();
    s.note("the process ends");
    s.bar("holder", since, now_ns());
    s.wait_dead();
}

void second_mount(scene& s, const stage& on) {
    s.mount("one\n");
    auto file = s.open_file();
    const auto opened = now_ns();
    s.note("a process holds the file open");
    (void)s.detach();
    const auto begun = now_ns();
    const auto store = s.mount_again("another\n");
    s.append(file, "two\n");
    s.claim("both are alive at the same path", !s.dead());
    if (umount2(s.dir().c_str(), UMOUNT_NOFOLLOW) != 0) throw trouble{"umount of the second mount"};
    s.note("the second is unmounted");
    s.bar("second", begun, now_ns());
    s.claim("the second went without the first", !s.dead());
    const auto closing = s.timed("close", "the last close", [&] { file.reset(); });
    s.bar("holder", opened, now_ns());
    claim_last_pays(s, on, "the last close", closing);
    s.wait_dead();
    s.claim("each store has its own bytes", s.stored(s.store()) == "one\ntwo\n" && s.stored(store) == "another\n");
}

void crash(scene& s, const stage& on) {
    s.mount("one\n");
    auto file = s.open_file();
    machine::birth how;
    how.descriptors = {{file.get(), 3}};
    auto started = machine::child::start(how, [] {
        for (;;) pause();
        return 0;
    });
    if (!started) throw trouble{started.error().message};
    auto& child = started.value();
    file.reset();
    const auto since = now_ns();
    s.note(fmt::format("only pid {} has the file open", child.pid()));
    const auto took = s.detach();
    claim_at_once(s, on, took);
    const auto dying = s.timed("exit", "kill -9 and the wait for its end", [&] {
        child.send(SIGKILL);
        child.wait(60s);
    });
    s.bar("holder", since, now_ns());
    claim_last_pays(s, on, "the killed process's exit", dying);
    s.wait_dead();
    s.claim("the store has every byte", s.stored(s.store()) == "one\n");
}

}  // namespace

const std::vector<played>& all_steps() {
    static const std::vector<played> steps{
        {"free", "nobody holds it",
         "Without holders `umount -l` is not asynchronous: it does all the work before it returns.", free_mount},
        {"fd", "an open file holds it",
         "The name goes at once; the open file goes on working; whoever closes it last pays for the shutdown.",
         held_by_fd},
        {"cwd", "a working directory holds it",
         "What holds a mount need not be a file. /proc knows it even when the name is gone.", held_by_cwd},
        {"second", "a second mount on the same name", "The name is free at once, for an unrelated filesystem.",
         second_mount},
        {"crash", "the holder is killed",
         "The kernel closes what a killed process had open: the shutdown runs in its exit.", crash},
    };
    return steps;
}

}  // namespace drainlab::lazy
