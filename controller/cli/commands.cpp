#include "controller/cli/commands.hpp"

#include "controller/cli/command.hpp"
#include "fusefs/version.hpp"

namespace drainlab::cli {

#define DRAINLAB_COMMAND(name) void declare_##name(command&);
#include "controller/cli/commands.inc"
#undef DRAINLAB_COMMAND

const std::vector<command_entry>& commands() {
#define DRAINLAB_COMMAND(name) {#name, declare_##name},
    static const std::vector<command_entry> table{
#include "controller/cli/commands.inc"
    };
#undef DRAINLAB_COMMAND
    return table;
}

std::string version_text() { return std::string("drainctl ") + version() + " (" + git_revision() + ")"; }

}  // namespace drainlab::cli
