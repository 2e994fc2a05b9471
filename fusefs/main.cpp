// drainfs: the daemon. See docs/api.md.
#include "fusefs/control/daemon.hpp"
#include "fusefs/control/mount_helper.hpp"
#include "fusefs/os/whole_program.hpp"

#include <cstddef>
#include <malloc.h>
#include <pthread.h>

int main(int argc, char** argv) {
    using namespace drainlab::control;
    // Buffers of a megabyte come and go with every round of writeback:
    // fetching them from the kernel anew costs a fault a page.
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    // Threads that wait for stores are many and small: address space may be short.
    mallopt(M_ARENA_MAX, 2);
    pthread_attr_t small{};
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, std::size_t{1} << 20);
    pthread_setattr_default_np(&small);
    pthread_attr_destroy(&small);
    return drainlab::os::whole_program("drainfs", [&] {
        if (is_mount_helper_call(argc, argv)) return run_mount_helper(argc, argv);
        const auto parsed = parse_settings(argc, argv);
        return parsed.value ? run_daemon(*parsed.value) : parsed.exit_code;
    });
}
