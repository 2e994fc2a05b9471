#include "fusefs/control/mount_helper.hpp"

#include "fusefs/control/beside.hpp"
#include "fusefs/control/mount_words.hpp"
#include "fusefs/os/mount_identity.hpp"

#include <sys/mount.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

extern char** environ;

namespace drainlab::control {
namespace {

// mount(8)'s exit codes
constexpr int wrong_words = 1, system_trouble = 2, mount_failed = 32;

/// "none" and the type itself are what people write who have no name in mind.
bool names_something(const std::string& source) {
    return !source.empty() && source != "none" && source != "drainfs" && source != "fuse.drainfs";
}

std::vector<std::string> drainctl_words(const std::string& source, const std::string& dir, const mount_words& w) {
    std::vector<std::string> words{"drainctl", "mount", dir};
    if (names_something(source)) words.insert(words.end(), {"--name", source});
    words.insert(words.end(), w.drainctl.begin(), w.drainctl.end());
    for (const auto& g : w.generic) words.insert(words.end(), {"--options", g});
    return words;
}

/// Its messages go to standard error as they are; what it says of success is not for mount(8).
int run_drainctl(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const std::string program = drainctl_program();
    const int err = posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (err) {
        std::fprintf(stderr, "mount.fuse.drainfs: cannot run drainctl: %s\n", std::strerror(err));
        return system_trouble;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (!WIFEXITED(status)) return mount_failed;
    return WEXITSTATUS(status) == 0 ? 0 : WEXITSTATUS(status) == 2 ? wrong_words : mount_failed;
}

/// Whether `dir` lies on a mount of ours. mount(8) has looked at the type; whoever runs the helper by hand has not.
bool is_ours(const char* dir) {
    const auto mount = os::find_mount(os::read_mountinfo(), os::identify_mount(AT_FDCWD, dir));
    return mount && mount->ours();
}

int remount(const char* dir, const mount_words& w) {
    if (!is_ours(dir)) {
        std::fprintf(stderr, "mount.fuse.drainfs: cannot remount %s: no drainfs is mounted there\n", dir);
        return mount_failed;
    }
    if (!w.drainctl.empty()) {
        std::vector<std::string> words{"drainctl", "mount", dir, "--remount"};
        words.insert(words.end(), w.drainctl.begin(), w.drainctl.end());
        if (const int code = run_drainctl(std::move(words))) return code;
    }
    if (mount(nullptr, dir, nullptr, MS_REMOUNT | w.flags, nullptr) == 0) return 0;
    std::fprintf(stderr, "mount.fuse.drainfs: cannot remount %s: %s\n", dir, std::strerror(errno));
    return mount_failed;
}

}  // namespace

bool is_mount_helper_call(int argc, char** argv) noexcept {
    return argc >= 3 && argv[1][0] != '-' && argv[2][0] != '-';
}

int run_mount_helper(int argc, char** argv) {
    std::string list, unknown;
    for (int i = 3; i < argc; ++i) {
        if (std::strcmp(argv[i], "-f") == 0) return 0;  // fake: all but the mounting
        if (std::strcmp(argv[i], "-o") == 0 && i + 1 < argc) list += (list.empty() ? "" : ",") + std::string{argv[++i]};
    }
    const auto words = parse_mount_words(list, unknown);
    if (!words) {
        std::fprintf(
            stderr, "mount.fuse.drainfs: unknown mount option '%s'; `drainctl mount --help` lists them, with - for _\n",
            unknown.c_str());
        return wrong_words;
    }
    if (words->remount) return remount(argv[2], *words);
    return run_drainctl(drainctl_words(argv[1], argv[2], *words));
}

}  // namespace drainlab::control
