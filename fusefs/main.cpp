// drainfs: the daemon. See docs/api.md.
#include "fusefs/control/daemon.hpp"
#include "fusefs/control/mount_helper.hpp"

#include <malloc.h>

int main(int argc, char** argv) {
    using namespace drainlab::control;
    // Buffers of a megabyte come and go with every round of writeback: fetching them from the kernel anew costs a fault a page.
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    if (is_mount_helper_call(argc, argv)) return run_mount_helper(argc, argv);
    const auto parsed = parse_settings(argc, argv);
    if (!parsed.value) return parsed.exit_code;
    return run_daemon(*parsed.value);
}
