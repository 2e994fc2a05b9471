// drainfs: the daemon. See docs/api.md.
#include "fusefs/control/daemon.hpp"
#include "fusefs/control/mount_helper.hpp"

int main(int argc, char** argv) {
    using namespace drainlab::control;
    if (is_mount_helper_call(argc, argv)) return run_mount_helper(argc, argv);
    const auto parsed = parse_settings(argc, argv);
    if (!parsed.value) return parsed.exit_code;
    return run_daemon(*parsed.value);
}
