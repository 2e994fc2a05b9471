// The table of subcommands. It is generated from the files that are there (CMakeLists.txt); see command.hpp.
#pragma once

#include <string>
#include <vector>

namespace drainlab::cli {

class command;

/// A subcommand and the function that declares its options.
struct command_entry {
    const char* name;
    void (*declare)(command&);
};

/// In the order of --help.
const std::vector<command_entry>& commands();

/// What --version prints.
std::string version_text();

}  // namespace drainlab::cli
