#include "controller/mounts/program.hpp"

#include "controller/client/process.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace drainlab::mounts {

int run_program(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t streams;
    posix_spawn_file_actions_init(&streams);
    for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_addopen(&streams, fd, "/dev/null", O_RDWR, 0);
    pid_t child = -1;
    const int error = posix_spawnp(&child, argv[0], &streams, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&streams);
    if (error != 0) return 127;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return client::shell_status(status);
}

}  // namespace drainlab::mounts
