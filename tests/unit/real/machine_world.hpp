// A machine for executors: the daemon and umount(8) are played, all is made in a directory of the test.
#pragma once

#include "controller/real/executor.hpp"
#include "tests/unit/real/cycle_world.hpp"

#include <algorithm>
#include <cstdlib>

namespace drainlab::real::test {

struct machine_world {
    machine_world() {
        setenv("XDG_RUNTIME_DIR", f.dir.c_str(), 1);
        play_umount(programs);
        with.daemon.program = daemon.program();
        with.identity = "session";
        scenario.name = "a_scenario";
    }
    ~machine_world() { unsetenv("XDG_RUNTIME_DIR"); }
    auto start() { return executor::start(with); }
    std::string word_after(const std::string& option) const {
        const auto all = daemon.words();
        const auto at = std::find(all.begin(), all.end(), option);
        return at == all.end() || at + 1 == all.end() ? "" : at[1];
    }

    scratch_dir f;
    tests::played_programs programs;
    drainlab::test::played_drainfs daemon;
    options with;
    experiment::scenario scenario;
};

}  // namespace drainlab::real::test
