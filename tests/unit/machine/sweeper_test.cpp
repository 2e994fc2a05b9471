#include "controller/machine/sweeper.hpp"

#include "controller/machine/process.hpp"
#include "tests/unit/machine/own_namespace.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/inotify.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <poll.h>

using namespace drainlab;
using namespace drainlab::machine;
namespace fs = std::filesystem;

namespace {

/// Tells when something disappears from a folder.
struct disappearance {
    explicit disappearance(const std::string& dir) : changes{inotify_init1(IN_CLOEXEC)} {
        inotify_add_watch(changes.get(), dir.c_str(), IN_DELETE);
    }
    bool gone(const std::string& path) {
        while (fs::exists(path)) {
            if (!readable_within(changes.get(), std::chrono::seconds(30))) return false;
            char ignored[4096];
            if (read(changes.get(), ignored, sizeof ignored) < 0) return false;
        }
        return true;
    }
    os::unique_fd changes;
};

std::string filled(const std::string& dir) {
    fs::create_directories(dir + "/deeper");
    std::ofstream(dir + "/deeper/file") << "text";
    return dir;
}

}  // namespace

TEST_CASE("a sweeper that is dismissed has swept, once", "[sweeper]") {
    folder f;
    const auto dir = filled(f / "mine"), other = filled(f / "others");
    {
        sweeper s{dir, {}};
        s.also(other);
        s.sweep_and_dismiss();
        CHECK_FALSE(fs::exists(dir));
        fs::create_directory(dir);  // somebody else's now
    }
    CHECK(fs::exists(dir));
    CHECK(fs::exists(other));  // its own owner removes it
}

TEST_CASE("when we are killed the sweeper takes away what was ours, after the processes it was told of", "[sweeper]") {
    folder f;
    const auto dir = filled(f / "mine"), other = filled(f / "others");
    const std::string outside = f / "outside";
    std::ofstream{outside} << "text";
    fs::create_symlink(outside, dir + "/link");
    disappearance changes{f.dir};
    auto owner = child::start({}, [&] {
        const sweeper s{dir, {}};
        s.also(other);
        s.also(std::string(1000, 'x'));  // too long to be told: left alone
        s.watch(somebody_dead());
        kill(getpid(), SIGKILL);
        return 0;
    });
    REQUIRE(owner);
    CHECK(shell_status(owner.value().wait(std::chrono::seconds(30)).value_or(0)) == 128 + SIGKILL);
    CHECK(changes.gone(dir));
    CHECK(changes.gone(other));
    CHECK(fs::exists(outside));  // a link is removed, not what it leads to
}

TEST_CASE("what cannot be removed at once, as somebody else is still ending, is tried again", "[sweeper]") {
    folder f;
    const auto dir = filled(f / "mine"), mounted = dir + "/deeper";
    const int code = test::in_own_namespace([&] {
        if (mount("t", mounted.c_str(), "tmpfs", 0, "size=64k") != 0) return 2;
        disappearance changes{f.dir};
        auto owner = child::start({}, [&] {
            const sweeper s{dir, {}};
            kill(getpid(), SIGKILL);
            return 0;
        });
        if (!owner || !owner.value().wait(std::chrono::seconds(30))) return 3;
        if (umount2(mounted.c_str(), 0) != 0) return 4;
        return changes.gone(dir) ? 0 : 5;
    });
    CHECK(code == 0);
}
