// umount and umount -l on real mounts, of drainfs and of the machine's own filesystems, in one interleaved run.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/lazy/ground.hpp"
#include "controller/result/result.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace drainlab::lazy {

/// What the clock is around: the program umount(8), or the system call alone.
enum class umount_way { umount8, syscall };

/// What is to be measured.
struct bench_options {
    std::vector<std::string> scenarios;  ///< umount_free, lazy_free, lazy_held
    std::vector<std::string> mounts;     ///< drainfs, tmpfs, ext4
    std::string policy = "persb";        ///< drain policy of drainfs
    std::string profile;                 ///< of its daemon; empty: its default
    std::string socket;                  ///< of its daemon; empty: a place of its own
    int samples = 40;
    std::uint64_t seed = 1;
    umount_way way = umount_way::umount8;
};

/// The kinds of mount that there are: drainfs, tmpfs, ext4.
std::vector<std::string> bench_mounts();

/// Cells by scenario and kind of mount: in each round one umount of every kind, in random order. lazy_held: a file is
/// held open for 20 ms after the detach; the cell's `dead` is when its close(2) has returned, or, for drainfs, what
/// the daemon says. Kinds that this machine cannot mount are exit 4. `tell` hears of (scenario, kind, done, total).
client::result<std::vector<report::cell>> run_bench(
    const bench_options& o, const std::function<void(const std::string&, const std::string&, int, int)>& tell,
    const std::function<bool()>& stop);

/// run_bench() on a daemon that is there.
client::result<std::vector<report::cell>> bench_on(
    const ground& where, const bench_options& o,
    const std::function<void(const std::string&, const std::string&, int, int)>& tell,
    const std::function<bool()>& stop);

/// The table for people.
std::string to_text(const std::vector<report::cell>& cells);

}  // namespace drainlab::lazy
