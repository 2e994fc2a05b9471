// drainfs-gate. Started by drainfs, never by hand.
#include "fusefs/gate/program.hpp"
#include "fusefs/gate/protocol.hpp"
#include "fusefs/os/whole_program.hpp"

#include <sys/socket.h>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::puts("drainfs-gate " DRAINLAB_VERSION);
        return 0;
    }
    int type = 0;
    socklen_t length = sizeof type;
    const int fd = drainlab::gate::gate_socket_fd;
    if (argc != 1 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) {
        std::fputs(
            "drainfs-gate: holds the superblocks of drainfs mounts, so that an unmount waits for the daemon.\n"
            "It is started by drainfs and has nothing to do on its own; see `drainctl mount --help`.\n",
            stderr);
        return 2;
    }
    return drainlab::os::whole_program("drainfs-gate",
                                       [] { return drainlab::gate::run_gate(drainlab::gate::gate_socket_fd); });
}
