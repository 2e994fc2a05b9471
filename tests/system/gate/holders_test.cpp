// A superblock lives as long as somebody holds it; the last one waits for the drain.
#include "tests/system/gate/daemon.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <unistd.h>

using namespace gate_test;
using namespace std::chrono_literals;

namespace {

/// A child that holds the mount by `take` until it is told to go; says when it has it.
class holder {
  public:
    explicit holder(const std::function<void()>& take) {
        REQUIRE(pipe2(ready_, O_CLOEXEC) == 0);
        REQUIRE(pipe2(go_, O_CLOEXEC) == 0);
        child_ = std::make_unique<child>([this, take] {
            close(go_[1]);
            take();
            char byte = 'x';
            if (write(ready_[1], &byte, 1) != 1) _exit(1);
            (void)!read(go_[0], &byte, 1);
        });
        char byte;
        REQUIRE(read(ready_[0], &byte, 1) == 1);
    }
    ~holder() {
        for (const int fd : {ready_[0], ready_[1], go_[0], go_[1]}) close(fd);
    }
    void let_go() { REQUIRE(write(go_[1], "x", 1) == 1); }

  private:
    int ready_[2], go_[2];
    std::unique_ptr<child> child_;
};

}  // namespace

TEST_CASE("a lazily detached mount with an open file drains at the last close", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a");
    const int fd = open((dir + "/file").c_str(), O_CREAT | O_RDWR, 0600);
    REQUIRE(fd >= 0);
    CHECK(run_umount2(dir, 0).code == EBUSY);
    CHECK(d.facts("a").state == "live");

    CHECK(run({"umount", "-l", dir}).code == 0);
    const auto detached = d.wait("a", "detached");
    CHECK(detached.detached != 0);
    CHECK(detached.drain_begins == 0);
    CHECK(write(fd, "still works", 11) == 11);
    usleep(100'000);
    CHECK(d.facts("a").state == "detached");

    const auto before_close = now_ns();
    close(fd);
    const auto after_close = now_ns();
    const auto f = d.wait("a", "dead");
    CHECK(f.drain_begins >= before_close);
    CHECK(f.drained <= after_close);
    CHECK(after_close - before_close >= 200'000'000);
    CHECK(f.violations == 0);
}

TEST_CASE("a working directory holds it, until its owner goes", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a");
    holder inside{[&] { REQUIRE(chdir(dir.c_str()) == 0); }};
    CHECK(run_umount2(dir, 0).code == EBUSY);
    CHECK(run_umount2(dir, MNT_DETACH).code == 0);
    usleep(50'000);
    CHECK(d.facts("a").drain_begins == 0);
    const auto let_go = now_ns();
    inside.let_go();
    const auto f = d.wait("a", "dead");
    CHECK(f.drain_begins >= let_go);
    CHECK(f.dead - let_go >= 200'000'000);
}

TEST_CASE("a second mount namespace holds it, until that ends", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a");
    holder elsewhere{[&] {
        if (unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(1);
    }};
    CHECK(run_umount2(dir, 0).code == 0);  // not busy: the name alone is gone
    usleep(50'000);
    CHECK(d.facts("a").state == "detached");
    CHECK(d.facts("a").drain_begins == 0);
    const auto let_go = now_ns();
    elsewhere.let_go();
    const auto f = d.wait("a", "dead");
    CHECK(f.drain_begins >= let_go);
    CHECK(f.dead - let_go >= 200'000'000);
}

TEST_CASE("a bind mount holds it, and a remount of that is no unmount", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a"), other = d.dir() + "/other";
    REQUIRE(mkdir(other.c_str(), 0755) == 0);
    REQUIRE(::mount(dir.c_str(), other.c_str(), nullptr, MS_BIND, nullptr) == 0);
    CHECK(run_umount2(dir, 0).code == 0);
    usleep(50'000);
    CHECK(::mount(nullptr, other.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    CHECK(d.facts("a").state == "detached");
    const auto o = run_umount2(other, 0);
    CHECK(o.code == 0);
    CHECK(o.took >= 200ms);
    CHECK(d.wait("a", "dead").violations == 0);
}
