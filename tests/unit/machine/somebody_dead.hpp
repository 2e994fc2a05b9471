// What tests of cleaners need: a folder of their own, and processes that are not there.
#pragma once
#include "fusefs/os/process_identity.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace drainlab {

struct folder {
    std::string dir = (std::filesystem::temp_directory_path() / "drainlab-left-XXXXXX").string();
    folder() { REQUIRE(mkdtemp(dir.data())); }
    ~folder() { std::filesystem::remove_all(dir); }
    std::string operator/(const std::string& name) const { return dir + "/" + name; }
};

/// One that was a process of ours and is none now.
inline os::process_identity somebody_dead() {
    const pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    const auto who = os::identify_process(pid);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return who;
}

inline os::process_identity elsewhere(os::process_identity who) {
    ++who.pid_namespace;
    return who;
}

}  // namespace drainlab
