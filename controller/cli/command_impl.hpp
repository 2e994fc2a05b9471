// The part of the framework that knows CLI11; only command.cpp and drainctl.cpp include it.
#pragma once

#include "controller/cli/command.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

namespace drainlab::cli {

/// Thrown while parsing, caught in run_drainctl().
struct usage_problem {
    failure why;
};

/// The words an option takes; empty: any.
struct known_words {
    std::function<std::vector<std::string>()> list;
    void check(const std::string& name, const std::string& word) const;
};

/// One row of a command's table of options: what the parser takes is what --help, the man pages, the completions and
/// docs/options.md show.
struct option_row {
    CLI::Option* option{};
    std::string name;  ///< as declared: "--lazy,-l", or a positional's "DIR"
    std::string type;  ///< "TEXT", "TIME", "N", ...; empty for flags and positionals
    std::string help;
    std::string preset;                  ///< what holds when it is not given; empty: nothing, or the help says it
    std::shared_ptr<known_words> words;  ///< null for flags
};

/// A command as CLI11 parses it, and what its help is made of.
class command::impl {
  public:
    enum class json_kind { none, answer, file };

    CLI::App* app = nullptr;
    std::vector<option_row> rows;  ///< the last one is the one under declaration
    std::string example;
    std::vector<std::string> notes;
    json_kind json = json_kind::none;
    std::function<result<exit_code>()> action;

    command& add(command& self, const std::string& name, const std::string& help, const char* type, bool all,
                 std::function<void(const std::vector<std::string>&)> take);
    /// The row under declaration also shows what holds without it.
    command& preset(command& self, std::string text);
};

/// The words that the row takes, as far as they are known; empty: any.
std::vector<std::string> words_of(const option_row& row);

/// Makes --help show allowed words and presets. Asked for late: some words are looked up on disk.
void complete_help(command::impl& i);

/// `--umount-delay` -> `DRAINLAB_UMOUNT_DELAY`.
std::string environment_name(const std::string& option);

}  // namespace drainlab::cli
