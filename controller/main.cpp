// drainctl
#include "controller/cli/command.hpp"

int main(int argc, char** argv) { return drainlab::cli::run_drainctl(argc, argv); }
