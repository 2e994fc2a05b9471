// What cycles work with: a played daemon, umount played by a script, real workloads in plain directories.
#pragma once

#include "controller/machine/process.hpp"
#include "controller/real/cycle.hpp"
#include "tests/played_programs.hpp"
#include "tests/unit/daemons/played_drainfs.hpp"
#include "tests/unit/real/on_loop.hpp"

#include <filesystem>
#include <thread>

namespace drainlab::real::test {

using drainlab::test::answer;
using drainlab::test::asked;
using nlohmann::json;

/// umount(8), or fusermount3 where we are not root: what was written to the directory goes with the mount.
inline void play_umount(const tests::played_programs& programs, const std::string& does = "rm -rf \"$last\"/*") {
    programs.play({"umount", "fusermount3"}, "for last in \"$@\"; do :; done\n" + does);
}

/// Returns when the file is there and has something in it.
inline void wait_for_file(const std::string& path) {
    std::error_code error;
    while (std::filesystem::file_size(path, error) == 0 || error) std::this_thread::yield();
}

struct cycle_world {
    cycle_world() {
        at.style.errors = f.dir;
        play_umount(programs);
    }
    ~cycle_world() {
        beside.kill();
        events.linger(std::chrono::seconds(30), [this] { return events.idle(); });
    }
    client::result<experiment::cycle_outcome> cycle(std::string policy = "persb", std::uint64_t number = 1) {
        return events.drive(one_cycle(at, scenario, std::move(policy), beside, number), std::chrono::seconds(30));
    }
    /// The daemon answers a wait for a switch when the mount's directory, or ours, has this file.
    void switch_comes_with(const std::string& in_mount, const std::string& in_ours = {}) {
        daemon.answer_with([=, this](const asked& r) -> std::optional<answer> {
            if (r.what.ends_with("/wait_switch"))
                wait_for_file(in_ours.empty() ? daemon.dir_of(1) + "/" + in_mount : f / in_ours);
            return std::nullopt;
        });
    }

    scratch_dir f;
    tests::played_programs programs;
    drainlab::test::played_drainfs daemon;
    machine::sweeper after_us{f / "swept", {}};
    loop events;
    client::async_client api{events.executor(), daemon.socket()};
    surroundings at{events, api, after_us, f.dir, {}};
    background beside{at};
    experiment::scenario scenario;
};

using texts = std::vector<std::string>;

}  // namespace drainlab::real::test
