// Each way of holding a directory, done by a child in a mount
// namespace of its own, and seen by what /proc shows of that child.
#include "controller/hold/kinds.hpp"

#include "controller/machine/process.hpp"
#include "tests/unit/machine/own_namespace.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::hold;
namespace fs = std::filesystem;

namespace {

constexpr int tell_here = 3, go_here = 4, cannot_try = 100;

/// A child that holds until it is let go, and then takes away what it made.
struct held {
    folder f;
    std::string dir = f / "held", scratch = f / "scratch";
    machine::child process;
    os::unique_fd go;
    int error = 0;
    std::string step;

    explicit held(kind k) {
        fs::create_directory(dir);
        fs::create_directory(scratch);
        auto told = machine::lifeline::make(), line = machine::lifeline::make();
        REQUIRE(told);
        REQUIRE(line);
        machine::birth how;
        how.descriptors = {{told.value().ours.get(), tell_here}, {line.value().theirs.get(), go_here}};
        how.dies_with_us = true;
        auto started = machine::child::start(how, [&] { return live(k); });
        REQUIRE(started);
        process = std::move(started.value());
        told.value().ours.reset();
        line.value().theirs.reset();
        go = std::move(line.value().ours);
        char said[256]{};
        REQUIRE(machine::readable_within(told.value().theirs.get(), std::chrono::seconds(30)));
        const auto n = read(told.value().theirs.get(), said, sizeof said - 1);
        REQUIRE(n > 0);
        error = static_cast<unsigned char>(said[0]);
        step = std::string(said + 1, static_cast<std::size_t>(n - 1));
    }
    /// Its exit code: whether it could take away what it made.
    int let_go() {
        go.reset();
        return machine::shell_status(process.wait(std::chrono::seconds(30)).value_or(-1));
    }
    bool can_be_tried() const {
        if (error == cannot_try) WARN("no mount namespace of our own here");
        return error != cannot_try;
    }
    std::string proc(const std::string& what) const { return "/proc/" + std::to_string(process.pid()) + "/" + what; }
    bool has_open(const std::string& what) const { return names(proc("fd"), what); }
    /// Whether one of the descriptors in `/proc/PID/fd` names it.
    static bool names(const std::string& descriptors, const std::string& what) {
        std::error_code ec;
        for (const auto& fd : fs::directory_iterator(descriptors, ec))
            if (fs::read_symlink(fd, ec).string().find(what) != std::string::npos) return true;
        return false;
    }
    bool shows_mount(const std::string& at) const {
        return machine::read_text(proc("mountinfo")).find(" " + at) != std::string::npos;
    }

  private:
    int live(kind k) const {
        traces left;
        std::string what;
        int code = cannot_try;
        if (test::enter_own_namespace()) code = take(k, dir, scratch, left, what);
        const std::string said = static_cast<char>(code) + what;
        if (write(tell_here, said.data(), said.size()) < 0) return 1;
        char end;
        while (read(go_here, &end, 1) < 0 && errno == EINTR) {}
        remove(left);
        return left.made.empty() || access(left.made.c_str(), F_OK) != 0 ? 0 : 1;
    }
};

}  // namespace

TEST_CASE("the words of kinds lead back to them, and say what each does to an unmount", "[hold]") {
    for (const auto& name : kind_names()) {
        const auto k = kind_named(name);
        REQUIRE(k);
        CHECK(name_of(*k) == name);
        CHECK_FALSE(explain(*k).empty());
        CHECK_FALSE(seen_as(*k).empty());
        CHECK((blocks_umount(*k) || keeps_superblock(*k)));  // else it would be no hold
    }
    CHECK_FALSE(kind_named("drain"));
    CHECK_FALSE(blocks_umount(kind::bind));
    CHECK_FALSE(keeps_superblock(kind::nested));
}

TEST_CASE("a directory is held by a descriptor, open or O_PATH", "[hold]") {
    held h{GENERATE(kind::fd, kind::pinned_inode)};
    if (!h.can_be_tried()) return;
    CHECK(h.error == 0);
    CHECK(h.has_open(h.dir));
    CHECK(h.let_go() == 0);
}

TEST_CASE("a directory is held by being where a process works, or its root", "[hold]") {
    const auto k = GENERATE(kind::cwd, kind::root);
    held h{k};
    if (!h.can_be_tried()) return;
    CHECK(h.error == 0);
    CHECK(fs::read_symlink(h.proc(k == kind::cwd ? "cwd" : "root")).string() == h.dir);
    CHECK(h.let_go() == 0);
}

TEST_CASE("a mapping holds a file without a descriptor or a name", "[hold]") {
    held h{kind::mmap};
    if (!h.can_be_tried()) return;
    CHECK(h.error == 0);
    CHECK_FALSE(h.has_open(h.dir));
    CHECK(machine::read_text(h.proc("maps")).find(h.dir) != std::string::npos);
    CHECK(fs::is_empty(h.dir));
    CHECK(h.let_go() == 0);
}

TEST_CASE("a child holds what its parent has closed, also before its exec", "[hold]") {
    held h{GENERATE(kind::child, kind::fork_race)};
    if (!h.can_be_tried()) return;
    CHECK(h.error == 0);
    CHECK_FALSE(h.has_open(h.dir));
    const auto children = machine::read_text(h.proc("task/" + std::to_string(h.process.pid()) + "/children"));
    REQUIRE_FALSE(children.empty());
    CHECK(held::names("/proc/" + children.substr(0, children.find(' ')) + "/fd", h.dir));
    CHECK(h.let_go() == 0);
}

TEST_CASE("a mount of its own holds: a bind mount, one inside, a copy of all", "[hold]") {
    const auto k = GENERATE(kind::bind, kind::nested, kind::mount_ns);
    held h{k};
    if (!h.can_be_tried()) return;
    CHECK(h.error == 0);
    if (k == kind::bind) CHECK(h.shows_mount(h.scratch + "/bind"));
    if (k == kind::nested) CHECK(h.shows_mount(h.dir + "/.drainlab-hold-"));
    if (k == kind::mount_ns) CHECK(fs::read_symlink(h.proc("ns/mnt")) != fs::read_symlink("/proc/self/ns/mnt"));
    CHECK(h.let_go() == 0);
    CHECK(fs::is_empty(h.dir));
    CHECK(fs::is_empty(h.scratch));
}

TEST_CASE("a bound socket holds, though its name is gone", "[hold]") {
    held h{kind::unix_socket};
    if (!h.can_be_tried()) return;
    CHECK(h.error == 0);
    CHECK(h.has_open("socket:"));
    CHECK(fs::is_empty(h.dir));
    CHECK(fs::read_symlink(h.proc("cwd")).string() == "/");
    CHECK(h.let_go() == 0);
}

TEST_CASE("what the kernel may refuse says which step it refused", "[hold]") {
    held h{GENERATE(kind::loop, kind::overlay, kind::io_uring)};
    if (!h.can_be_tried()) return;
    CHECK((h.error == 0) == h.step.empty());
    CHECK(h.let_go() == 0);
    CHECK(fs::is_empty(h.dir));
    CHECK(fs::is_empty(h.scratch));
}

TEST_CASE("a directory that is not there is held by nobody, and the step names it", "[hold]") {
    for (const auto& name : kind_names()) {
        const auto k = *kind_named(name);
        if (k == kind::mount_ns) continue;  // holds whatever there is
        CAPTURE(name);
        folder f;
        traces left;
        std::string step;
        // In this process: what fails at its first step changes nothing of it.
        const int error = take(k, f / "missing", f.dir, left, step);
        CHECK(error != 0);
        CHECK(step.find(f / "missing") != std::string::npos);
        remove(left);
        CHECK(fs::is_empty(f.dir));
    }
}
