// bench_umount_floor [N]: what the unmount of a drainfs mount (profile zero, policy
// persb, behind its gate) costs beside that of a bare libfuse mount that serves
// nothing: umount2(2) by itself, and a whole umount(8); interleaved, in microseconds.
//
// bench_umount_floor --cycles [MOUNTS]: lives of mounts, from mount to dead, in a second: a
// bare libfuse mount, the same with two requests to drainfs for its health,
// and drainfs; MOUNTS at once, in turn.
//
// As root, in a mount namespace of its own. The drainfs beside this program is used.
// Ratios come with their 95 % intervals, and the load average stands beside them.
#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"
#include "tests/bench/bare_mount.hpp"
#include "tests/bench/floor_daemon.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <sched.h>
#include <spawn.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace drainlab;

namespace {

using steady = std::chrono::steady_clock;
using lengths = std::vector<std::uint64_t>;  // ns

bool by_call(const std::string& dir) { return ::umount2(dir.c_str(), 0) == 0; }

bool by_program(const std::string& dir) {
    char program[] = "umount";
    std::string at = dir;
    char* const words[] = {program, at.data(), nullptr};
    pid_t child = 0;
    int status = 1;
    return ::posix_spawnp(&child, program, nullptr, nullptr, words, environ) == 0 &&
           ::waitpid(child, &status, 0) == child && status == 0;
}

/// How long it took; 0 if it failed.
std::uint64_t timed(bool (*unmount)(const std::string&), const std::string& dir) {
    struct stat st {};
    ::stat(dir.c_str(), &st);  // it answers
    const auto begin = steady::now();
    const bool done = unmount(dir);
    const auto took = steady::now() - begin;
    if (done) return static_cast<std::uint64_t>(std::chrono::nanoseconds{took}.count());
    std::fprintf(stderr, "unmounting %s failed: %s\n", dir.c_str(), std::strerror(errno));
    ::umount2(dir.c_str(), MNT_DETACH);
    return 0;
}

double load() {
    double now = 0;
    ::getloadavg(&now, 1);
    return now;
}

void print_row(const char* what, const lengths& sorted) {
    const auto us = [&](double q) { return static_cast<double>(measure::quantile(sorted, q)) / 1000; };
    std::printf("  %-22s min %7.1f  p10 %7.1f  p50 %7.1f  p95 %7.1f us\n", what, us(0), us(0.1), us(0.5), us(0.95));
}

/// False if a cycle failed.
bool floor_of(const char* what, bool (*unmount)(const std::string&), const bench::floor_daemon& daemon,
              const std::string& top, int cycles) {
    lengths bare, ours;
    for (int k = -3; k < cycles; ++k) {  // three to warm up
        std::uint64_t one = 0, other = 0;
        if (const bench::bare_mount m{top + "/bare"}; m.mounted()) one = timed(unmount, top + "/bare");
        const std::string name = "floor" + std::to_string(k + 3);
        if (daemon.mount(top + "/drainfs", name)) other = timed(unmount, top + "/drainfs");
        if (one == 0 || other == 0 || !daemon.wait_dead(name)) return false;
        if (k < 0) continue;
        bare.push_back(one);
        ours.push_back(other);
    }
    bare = measure::sorted(std::move(bare));
    ours = measure::sorted(std::move(ours));
    const auto r = measure::p50_ratio(ours, bare, 1);
    std::printf("%s (load %.1f)\n", what, load());
    print_row("bare libfuse", bare);
    print_row("drainfs, zero, persb", ours);
    std::printf("  ratio of p50 %.2f [%.2f, %.2f]\n", r.value, r.ci95.low, r.ci95.high);
    return true;
}

using life = std::function<bool(const std::string& dir, const std::string& name)>;

/// Lives a second of `mounts` at once.
double lives_a_second(const life& one, const std::string& top, int mounts, int round,
                      std::chrono::milliseconds length) {
    std::atomic<int> lived{0};
    const auto begin = steady::now();
    {
        std::vector<std::jthread> all;
        for (int k = 0; k < mounts; ++k)
            all.emplace_back([&, k] {
                const std::string dir = top + "/m" + std::to_string(k);
                std::filesystem::create_directory(dir);
                for (int n = 0; steady::now() - begin < length; ++n) {
                    const auto name = "r" + std::to_string(round) + "m" + std::to_string(k) + "n" + std::to_string(n);
                    if (!one(dir, name)) return;
                    ++lived;
                }
            });
    }
    return lived / std::chrono::duration<double>{steady::now() - begin}.count();
}

void cycles_of(const bench::floor_daemon& daemon, const std::string& top, int mounts) {
    const life bare = [](const std::string& dir, const std::string&) {
        const bench::bare_mount m{dir};
        return m.mounted() && timed(by_call, dir) > 0;
    };
    // What any daemon costs that is asked over a socket, though it serves and holds nothing.
    const life asked = [&](const std::string& dir, const std::string&) {
        const bench::bare_mount m{dir};
        return m.mounted() && daemon.request("GET /health", "", "200") && timed(by_call, dir) > 0 &&
               daemon.request("GET /health", "", "200");
    };
    const life ours = [&](const std::string& dir, const std::string& name) {
        return daemon.mount(dir, name) && timed(by_call, dir) > 0 && daemon.wait_dead(name);
    };
    const std::array<const life*, 3> kinds{&bare, &asked, &ours};
    std::array<lengths, 3> ns;  // a life
    constexpr auto round = std::chrono::milliseconds{1000};
    for (int k = 0; k < 7; ++k)
        for (std::size_t kind = 0; kind < kinds.size(); ++kind)
            ns[kind].push_back(
                static_cast<std::uint64_t>(1e9 / std::max(lives_a_second(*kinds[kind], top, mounts, k, round), 1e-3)));
    for (auto& one : ns) one = measure::sorted(std::move(one));
    std::printf("%d mounts at once (load %.1f), lives a second, and how many times longer one is\n", mounts, load());
    for (const auto& [what, one] :
         {std::pair{"bare libfuse", &ns[0]}, {"and two requests", &ns[1]}, {"drainfs, zero, persb", &ns[2]}}) {
        const auto r = measure::p50_ratio(*one, ns[0], 1);
        std::printf("  %-22s %6.0f   %5.2f [%.2f, %.2f]\n", what,
                    1e9 / static_cast<double>(measure::quantile(*one, 0.5)), r.value, r.ci95.low, r.ci95.high);
    }
}

/// Others' mounts do not tell our daemon of their ends, and ours do not tell others'.
bool in_a_namespace_of_our_own() {
    if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) return true;
    std::fprintf(stderr, "a mount namespace of our own: %s\n", std::strerror(errno));
    return false;
}

void print_usage(std::FILE* to) {
    std::fputs(
        "usage: bench_umount_floor [N]                 unmounts of a drainfs mount and of a bare libfuse mount, N "
        "(200) each in turn\n"
        "       bench_umount_floor --cycles [MOUNTS]   lives of mounts a second, MOUNTS (16) at once\n"
        "\n"
        "As root. Takes the drainfs beside this program; in a mount namespace of its own.\n",
        to);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
        print_usage(stdout);
        return 0;
    }
    const bool cycles = argc > 1 && std::strcmp(argv[1], "--cycles") == 0;
    const char* const number = argc > 1 + cycles ? argv[1 + cycles] : nullptr;
    const int count = number ? std::atoi(number) : cycles ? 16 : 200;
    if (count < 1 || argc > 2 + cycles) {
        print_usage(stderr);
        return 2;
    }
    if (!in_a_namespace_of_our_own()) return 4;
    std::string top = (std::filesystem::temp_directory_path() / "drainlab-floor-XXXXXX").string();
    if (!::mkdtemp(top.data())) return 5;
    top = std::filesystem::canonical(top);
    std::filesystem::create_directory(top + "/bare");
    std::filesystem::create_directory(top + "/drainfs");
    bool fine = true;
    {
        const bench::floor_daemon daemon{top + "/socket"};
        if (cycles)
            cycles_of(daemon, top, count);
        else
            fine = floor_of("umount2(2)", by_call, daemon, top, count) &&
                   floor_of("umount(8)", by_program, daemon, top, count);
    }
    std::filesystem::remove_all(top);
    return fine ? 0 : 5;
}
