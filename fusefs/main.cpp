// drainfs: the daemon. See docs/api.md.
#include "fusefs/control/daemon.hpp"

int main(int argc, char** argv) {
    const auto parsed = drainlab::control::parse_settings(argc, argv);
    if (!parsed.value) return parsed.exit_code;
    return drainlab::control::run_daemon(*parsed.value);
}
