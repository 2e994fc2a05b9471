// What is done in a mount namespace of its own: nobody else sees it, and it is gone with the child that did it.
#pragma once
#include "controller/machine/child.hpp"
#include "controller/machine/process.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <fstream>
#include <functional>
#include <sched.h>
#include <unistd.h>

namespace drainlab::test {

/// The exit code of a child that may not mount.
inline constexpr int cannot_mount = 77;

/// Gives this process one, as root or as the root of a user namespace. False where neither is allowed.
inline bool enter_own_namespace() {
    const auto uid = geteuid();
    const auto gid = getegid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        std::ofstream{"/proc/self/setgroups"} << "deny";
        std::ofstream{"/proc/self/uid_map"} << "0 " << uid << " 1";
        std::ofstream{"/proc/self/gid_map"} << "0 " << gid << " 1";
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// What `body` returns in a child that has one; 0, with a warning, where none can be had. The test says what a number
/// means.
inline int in_own_namespace(const std::function<int()>& body) {
    auto c = machine::child::start({}, [&] { return enter_own_namespace() ? body() : cannot_mount; });
    REQUIRE(c);
    const int code = machine::shell_status(c.value().wait(std::chrono::seconds(100)).value_or(-1));
    if (code == cannot_mount) WARN("no mount namespace of our own here");
    return code == cannot_mount ? 0 : code;
}

}  // namespace drainlab::test
