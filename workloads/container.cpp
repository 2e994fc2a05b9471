// A container that ends: a process in a cgroup of its own dirties many files and closes them, then exits. The cgroup
// stays until a line comes on standard input (or it ends), so that its removal can meet something else.
//
// Once the process is gone, one more file is written from outside its cgroup: a filesystem over its dirty limit flushes
// before it takes in new data, so the container's last file becomes as clean as its others.
//
// Prints `ready` then, and `gone` once the cgroup is removed.
#include "fusefs/os/whole_program.hpp"
#include "workloads/lifeline.hpp"
#include "workloads/options.hpp"
#include "workloads/tenant.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::workloads;

namespace {

constexpr const char* usage =
    "usage: drainlab-container DIR (--cgroup-root DIR | --session) [--files N]\n"
    "Dirties N files in DIR from a fresh cgroup, prints `ready`, and removes the cgroup at a line on standard input.\n"
    "example: drainlab-container /mnt --cgroup-root /sys/fs/cgroup --files 500\n";

int dirty_file(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    char data[4096];
    std::memset(data, 'c', sizeof data);
    const bool wrote = fd >= 0 && write(fd, data, sizeof data) == static_cast<ssize_t>(sizeof data);
    if (wrote && close(fd) == 0) return 0;
    std::fprintf(stderr, "drainlab-container: %s: %s\n", path.c_str(), std::strerror(errno));
    return 1;
}

int dirty_files(const options& o) {
    for (unsigned i = 0; i < o.files; ++i)
        if (dirty_file(o.path + "/file" + std::to_string(i)) != 0) return 1;
    return 0;
}

void wait_for_a_line() {
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {}
}

int run(int argc, char** argv) {
    const options o = parse_options(argc, argv, usage);
    lifeline line;
    tenant process{{o.cgroup_root}, 0, [&] { return dirty_files(o); }};
    if (line.wait(process.pidfd(), -1)) return 0;
    if (process.join() != 0 || dirty_file(o.path + "/after") != 0) return 1;
    std::puts("ready");
    std::fflush(stdout);
    wait_for_a_line();
    if (!process.evict()) {
        std::fprintf(stderr, "drainlab-container: rmdir of the cgroup: %s\n", std::strerror(errno));
        return 1;
    }
    std::puts("gone");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return drainlab::os::whole_program("drainlab-container", [&] { return run(argc, argv); });
}
