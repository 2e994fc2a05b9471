// What tests of cleaners need: a folder of their own, and processes that are not there.
#pragma once
#include "fusefs/os/process_identity.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <csignal>
#include <string>
#include <unistd.h>

namespace drainlab {

using folder = tests::own_folder;

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
