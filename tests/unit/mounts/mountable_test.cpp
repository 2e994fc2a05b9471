// What can be mounted says who it is, or why it cannot be.
#include "controller/mounts/mountable.hpp"

#include "tests/played_programs.hpp"
#include "tests/unit/client/canned_server.hpp"
#include "tests/unit/machine/own_namespace.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/mount.h>

#include <filesystem>
#include <fstream>

using namespace drainlab;
using namespace drainlab::mounts;
using namespace std::chrono_literals;

namespace {

std::function<std::string()> at(const std::string& socket) {
    return [socket] { return socket; };
}

}  // namespace

TEST_CASE("drainfs is mounted by its daemon, wherever that is by now", "[mounts]") {
    test::canned_server server{{test::http("201 Created", R"({"id":7})")}};
    std::string socket = "/nowhere/d.sock";
    const auto kind = make_drainfs([&] { return socket; }, "persb");
    CHECK(kind->name() == "drainfs");
    const auto nobody = kind->mount("/mnt", "/store");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == "no_daemon");
    socket = server.path();
    const auto made = kind->mount("/mnt", "/store");
    REQUIRE(made);
    CHECK(made.value().dir == "/mnt");
    CHECK(made.value().id == "7");
    CHECK(made.value().store == "/store");
    const auto seen = server.seen_when_over();
    CHECK(seen.starts_with("POST /mounts "));
    const auto asked = nlohmann::json::parse(seen.substr(seen.find("\r\n\r\n") + 4));
    CHECK(asked == nlohmann::json{{"dir", "/mnt"}, {"store", "/store"}, {"policy", "persb"}});
}

TEST_CASE("drainfs is dead when its daemon says so", "[mounts]") {
    test::canned_server server{{test::http("200 OK", R"({"id":7,"state":"dead"})")}};
    CHECK(make_drainfs(at(server.path()), "")->wait_dead({"/mnt", "7", "/store"}, 1s));
    CHECK(server.seen_when_over().find("/mounts/7/") != std::string::npos);
    CHECK_FALSE(make_drainfs(at("/nowhere/d.sock"), "")->wait_dead({"/mnt", "7", "/store"}, 1s));
}

TEST_CASE("the machine's own: tmpfs where one may mount, else a word of advice", "[mounts]") {
    const folder f;
    const auto kind = make_tmpfs();
    CHECK(kind->name() == "tmpfs");
    CHECK(test::in_own_namespace([&] {
              const auto made = kind->mount(f.dir, "");
              if (!made) return test::cannot_mount;
              if (!made.value().id.empty() || !made.value().store.empty()) return 1;
              if (umount2(f.dir.c_str(), 0) != 0 || !kind->wait_dead(made.value(), 1ms)) return 2;
              const auto nowhere = kind->mount(f / "nowhere", "");
              if (nowhere || nowhere.error().exit != client::exit_code::cannot_run || !nowhere.error().hint.empty())
                  return 3;
              return 0;
          }) == 0);
    auto nobody = machine::child::start({}, [&] {
        if (geteuid() == 0 && setuid(65534) != 0) return 4;
        const auto denied = kind->mount("/", "");
        return !denied && denied.error().hint.find("unshare -Urm") != std::string::npos ? 0 : 5;
    });
    REQUIRE(nobody);
    CHECK(machine::shell_status(nobody.value().wait(60s).value_or(-1)) == 0);
}

TEST_CASE("ext4 keeps its image beside the store, and says which step failed", "[mounts]") {
    const folder f;
    const auto kind = make_ext4();
    CHECK(kind->name() == "ext4");
    const auto no_place = kind->mount(f.dir, f / "nowhere/store");
    REQUIRE_FALSE(no_place);
    CHECK(no_place.error().exit == client::exit_code::cannot_run);
    CHECK(no_place.error().message.find("nowhere/store.img") != std::string::npos);
    std::ofstream{f / "store.img"} << "no filesystem";
    const auto no_filesystem = kind->mount(f.dir, f / "store");
    REQUIRE_FALSE(no_filesystem);
    CHECK(no_filesystem.error().code == "no_ext4");
    CHECK(no_filesystem.error().message.starts_with("mount -o loop " + (f / "store.img") + " ended with "));
    CHECK(kind->wait_dead({f.dir, "", ""}, 1ms));
}

TEST_CASE("ext4 makes one image for a store, formats it once, and mounts it wherever it is asked", "[mounts]") {
    const folder f;
    const tests::played_programs programs;
    programs.play({"mkfs.ext4", "mount"}, "exit 0");
    const auto kind = make_ext4();
    const auto first = kind->mount(f / "a", f / "store");
    REQUIRE(first);
    CHECK(first.value().dir == f / "a");
    CHECK(first.value().id.empty());
    CHECK(first.value().store.empty());  // its bytes are in the image
    CHECK(std::filesystem::file_size(f / "store.img") == 16 << 20);
    REQUIRE(kind->mount(f / "b", f / "store"));
    const auto image = f / "store.img";
    CHECK(programs.calls() == std::vector<std::string>{"-q -F " + image, "-t ext4 -o loop " + image + " " + (f / "a"),
                                                       "-t ext4 -o loop " + image + " " + (f / "b")});
}

TEST_CASE("an image that could not be formatted does not stay", "[mounts]") {
    const folder f;
    const tests::played_programs programs;
    programs.play({"mkfs.ext4"}, "echo 'no inodes left' >&2; exit 3");
    const auto out = make_ext4()->mount(f.dir, f / "store");
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "no_ext4");
    CHECK(out.error().exit == client::exit_code::cannot_run);
    CHECK(out.error().message == "mkfs.ext4 " + (f / "store.img") + " ended with 3: no inodes left\n");
    CHECK(out.error().hint.find("e2fsprogs") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(f / "store.img"));
}
