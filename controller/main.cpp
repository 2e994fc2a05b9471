// drainctl
#include "controller/cli/command.hpp"
#include "fusefs/os/whole_program.hpp"

int main(int argc, char** argv) {
    return drainlab::os::whole_program("drainctl", [&] { return drainlab::cli::run_drainctl(argc, argv); });
}
