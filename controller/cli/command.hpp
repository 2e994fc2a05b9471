// How a subcommand of drainctl declares itself. The conventions of the command line are kept here, once, for all of
// them: environment variables, durations, suggestions, exit codes, where errors go.
//
// To add the command `foo`: write controller/cli/foo.cpp with `void declare_foo(command& c)` in namespace
// drainlab::cli; CMake finds it and it appears in `drainctl --help`.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/words/words.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

using client::exit_code;
using client::failure;
using client::result;
using words::duration;

/// One subcommand under declaration. Variables bound here must live as long as the command: make one struct of options
/// with std::make_shared and capture the pointer in the action.
///
/// Every option `--some-thing` also reads the environment variable DRAINLAB_SOME_THING. Options given twice take the
/// last word, lists add up and are split at commas. Values that do not parse end with exit 2 and a line that names the
/// option.
class command {
  public:
    class impl;
    explicit command(impl& i) : impl_(i) {}

    /// One line for `drainctl --help`, and an example for `--help` of the command itself.
    command& about(std::string summary, std::string example);
    /// A note under the options in --help.
    command& note(std::string text);

    command& positional(const std::string& name, std::string& into, const std::string& help);
    command& optional_positional(const std::string& name, std::string& into, const std::string& help);
    /// All further words, at least `least` of them; what stands behind `--` is never taken for an option.
    command& positionals(const std::string& name, std::vector<std::string>& into, const std::string& help,
                         int least = 0);

    command& flag(const std::string& name, bool& into, const std::string& help);
    command& option(const std::string& name, std::string& into, const std::string& help);
    command& option(const std::string& name, std::optional<std::string>& into, const std::string& help);
    command& option(const std::string& name, duration& into, const std::string& help);
    command& option(const std::string& name, std::optional<duration>& into, const std::string& help);
    /// A whole number, refused outside [least, most].
    command& option(const std::string& name, std::int64_t& into, const std::string& help, std::int64_t least = 0,
                    std::int64_t most = INT64_MAX);
    command& option(const std::string& name, std::optional<std::int64_t>& into, const std::string& help,
                    std::int64_t least = 0, std::int64_t most = INT64_MAX);
    command& option(const std::string& name, double& into, const std::string& help, double least, double most);
    /// Words separated by commas or given by repeating the option.
    command& list(const std::string& name, std::vector<std::string>& into, const std::string& help);

    /// One value each time it is given; commas are part of it.
    command& repeated(const std::string& name, std::vector<std::string>& into, const std::string& help);

    /// The last option, positional or list takes only these words; another one is refused with the nearest.
    command& one_of(std::vector<std::string> words);
    /// As one_of, asked for when a value is checked (for words found on disk).
    command& one_of(std::function<std::vector<std::string>()> words);

    /// `--socket PATH`.
    command& socket(std::string& into);
    /// The same of a command that starts a daemon of its own: where that one listens. Never from the environment, where
    /// `with` says where its daemon is to the commands that it runs.
    command& private_socket(std::string& into);
    /// The flag --json of commands that answer: errors then go to standard output as drainlab.error/1.
    command& json_answer(bool& into);
    /// `--json FILE|-` of commands that produce results: with `-`, errors go to standard output as drainlab.error/1.
    command& json_file(std::optional<std::string>& into);

    /// What to do once parsed: the exit code, or a failure, which the framework prints.
    command& run(std::function<result<exit_code>()> action);

  private:
    impl& impl_;
};

/// drainctl as a function: parses, runs one command, returns the exit code. Never throws.
int run_drainctl(int argc, const char* const* argv);

}  // namespace drainlab::cli
