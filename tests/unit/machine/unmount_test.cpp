#include "controller/machine/unmount.hpp"

#include "controller/machine/process.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sched.h>

using namespace drainlab;
using namespace drainlab::machine;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

bool mounted(const std::string& dir) { return mount("drainlab-test", dir.c_str(), "tmpfs", 0, "size=64k") == 0; }

int error_of(const std::string& dir, unmount_kind kind) {
    const auto out = unmount(dir, kind, 30s);
    return out && out.value().finished && !out.value().by_fusermount ? out.value().error : -1;
}

/// In a mount namespace of its own: 0, 77 where that cannot be had, or the line that was not as it should be.
int all_kinds(const std::string& dir) {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (!mounted(dir)) return 77;
    if (error_of(dir, unmount_kind::plain) != 0) return 1;
    if (error_of(dir, unmount_kind::plain) != EINVAL) return 2;  // no mount any more
    if (!mounted(dir)) return 3;
    const int held = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (error_of(dir, unmount_kind::plain) != EBUSY) return 4;
    if (error_of(dir, unmount_kind::lazy) != 0) return 5;
    close(held);
    if (!mounted(dir)) return 6;
    if (error_of(dir, unmount_kind::force) != 0) return 7;
    const auto link = dir + "-link";
    if (!mounted(dir)) return 8;
    fs::create_directory_symlink(dir, link);
    if (error_of(link, unmount_kind::plain) != EINVAL) return 9;  // a link is not followed
    return error_of(dir, unmount_kind::plain) == 0 ? 0 : 10;
}

}  // namespace

TEST_CASE("plain, busy, lazy, forced, through a link: each says what the kernel says", "[unmount]") {
    folder f;
    fs::create_directory(f / "dir");
    auto c = child::start({}, [&] { return all_kinds(f / "dir"); });
    REQUIRE(c);
    const int line = shell_status(c.value().wait(60s).value_or(-1));
    if (line == 77)
        WARN("no mount namespace of our own here");
    else
        CHECK(line == 0);
}

TEST_CASE("the call's descriptor tells when it has returned, and how long it took", "[unmount]") {
    folder f;
    auto call = unmount_call::start(f.dir, unmount_kind::plain);
    REQUIRE(call);
    pollfd p{call.value().fd(), POLLIN, 0};
    CHECK(poll(&p, 1, 30'000) == 1);
    const auto out = call.value().wait(0ms);
    CHECK(out.finished);
    CHECK(out.error != 0);  // it is no mount
    CHECK(out.took >= 0ns);
    CHECK(out.started > 0ns);
}
