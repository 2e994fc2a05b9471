// The published background load: generation after generation of short-lived cgroups that write the same file.
//
// Each generation is a process in a cgroup of its own. It opens the file without truncating it, makes N synchronous
// 4 KiB writes over it from its beginning, and ends; then its cgroup is removed. The pages it writes belong to it only
// if they are charged anew, so the filesystem must drop clean pages (the default of drainfs).
#include "fusefs/os/whole_program.hpp"
#include "workloads/lifeline.hpp"
#include "workloads/options.hpp"
#include "workloads/tenant.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::workloads;

namespace {

constexpr const char* usage =
    "usage: drainlab-burner FILE (--cgroup-root DIR | --session) [--writes N]\n"
    "Writes FILE from one fresh cgroup after the other until standard input ends or SIGTERM.\n"
    "example: drainlab-burner /mnt/burner --cgroup-root /sys/fs/cgroup --writes 32\n";

constexpr std::size_t block = 4096;

int fail(const char* what, const std::string& path) {
    std::fprintf(stderr, "drainlab-burner: %s %s: %s\n", what, path.c_str(), std::strerror(errno));
    return 1;
}

int write_once_over(const options& o, unsigned generation) {
    const int fd = open(o.path.c_str(), O_WRONLY | O_CREAT | O_SYNC | O_CLOEXEC, 0644);
    if (fd < 0) return fail("open", o.path);
    char data[block];
    std::memset(data, static_cast<int>('a' + generation % 26), sizeof data);
    for (unsigned i = 0; i < o.writes; ++i)
        if (pwrite(fd, data, sizeof data, static_cast<off_t>(i * block)) != static_cast<ssize_t>(sizeof data))
            return fail("write", o.path);
    return close(fd) == 0 ? 0 : fail("close", o.path);
}

int run(int argc, char** argv) {
    const options o = parse_options(argc, argv, usage);
    lifeline line;
    for (unsigned generation = 0; !line.cut(); ++generation) {
        tenant writer{{o.cgroup_root}, generation, [&] { return write_once_over(o, generation); }};
        if (line.wait(writer.pidfd(), -1)) break;  // the tenant's destructor cleans up
        if (writer.join() != 0) return 1;
        if (!writer.evict()) return fail("rmdir of the cgroup under", o.cgroup_root);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return drainlab::os::whole_program("drainlab-burner", [&] { return run(argc, argv); });
}
