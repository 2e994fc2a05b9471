// The commands and their options as data: the one table that the parser uses, for everything that is printed about it.
#pragma once

#include <string>
#include <vector>

namespace drainlab::cli {

/// One row of a command's table.
struct option_entry {
    std::string name;  ///< "--lazy"; a positional's "DIR"
    std::string also;  ///< "-l", or empty
    std::string type;  ///< "TEXT", "TIME", "N", ...; empty for flags and positionals
    std::string help, preset, environment;
    std::vector<std::string> words;  ///< those it takes; empty: any
    bool positional() const { return !name.starts_with("-"); }
    bool takes_value() const { return !type.empty(); }
};

/// A command: what it is for, its options in the order of --help, remarks below them.
struct command_reference {
    std::string name, summary, example;
    std::vector<std::string> notes;
    std::vector<option_entry> options;
};

/// All commands in the order of --help. Words that are found on disk (scenarios, profiles, worlds) are those that are
/// there now.
std::vector<command_reference> command_references();

/// docs/options.md.
std::string options_markdown(const std::vector<command_reference>& all);

/// A man page in roff: drainctl(1), and drainctl-NAME(1) for one command.
std::string man_page(const std::vector<command_reference>& all, const std::string& version);
/// drainctl-NAME(1).
std::string man_page(const command_reference& c, const std::string& version);
/// A man page around what a program prints for --help.
std::string man_page_of_help(const std::string& program, const std::string& summary, const std::string& help,
                             const std::string& version);

/// Completion scripts.
std::string bash_completion(const std::vector<command_reference>& all);
/// For zsh: a function `_drainctl`.
std::string zsh_completion(const std::vector<command_reference>& all);
/// For fish.
std::string fish_completion(const std::vector<command_reference>& all);

}  // namespace drainlab::cli
