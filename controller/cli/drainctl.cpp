#include "controller/cli/command_impl.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/output.hpp"
#include "controller/machine/signals.hpp"
#include "fusefs/os/whole_program.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <unistd.h>

namespace drainlab::cli {

namespace {

/// The first word that is not an option.
std::string first_word(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i)
        if (argv[i][0] != '-') return argv[i];
    return {};
}

/// Whether standard output is to carry JSON and nothing else. Read from the words themselves: parsing may have failed.
bool json_on_stdout(command::impl::json_kind kind, int argc, const char* const* argv) {
    using json_kind = command::impl::json_kind;
    const char* env = std::getenv("DRAINLAB_JSON");
    std::string value = env ? env : "";
    for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
        const std::string word = argv[i];
        if (word.starts_with("--json=")) value = word.substr(7);
        if (word == "--json") value = kind == json_kind::file && i + 1 < argc ? argv[i + 1] : "true";
    }
    if (kind == json_kind::file) return value == "-";
    return kind == json_kind::answer && !value.empty() && value != "false" && value != "0";
}

/// The long names of a command's options.
std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

/// What is wrong with words that nothing took.
failure leftover(const CLI::App& app, const std::string& word) {
    if (!word.starts_with("-") || word == "-")
        return client::usage_error(fmt::format("{}: unexpected word \"{}\"", app.get_name(), word));
    const std::string name = word.substr(0, word.find('='));
    const auto near = words::nearest(name, option_names(app));
    return client::usage_error(
        fmt::format("{}: there is no option {}", app.get_name(), name),
        near ? fmt::format("did you mean {}?", *near) : fmt::format("see `drainctl {} --help`", app.get_name()));
}

failure unknown_command(const std::string& word) {
    std::vector<std::string> names;
    for (const auto& entry : commands()) names.emplace_back(entry.name);
    const auto near = words::nearest(word, names);
    return client::usage_error(fmt::format("there is no command \"{}\"", word),
                               near ? fmt::format("did you mean \"{}\"?", *near) : "one of: " + words::join(names));
}

std::string footer_of(const command::impl& chosen) {
    std::string text = "\nExample:\n  " + chosen.example;
    for (const auto& note : chosen.notes) text += "\n\n" + note;
    return text;
}

/// The whole command line under parsing. Only the chosen command declares its options, so that the environment
/// of one is never held against another.
class program {
  public:
    program(int argc, const char* const* argv) : argc_(argc), argv_(argv), word_(first_word(argc, argv)) {
        app_.set_version_flag("--version", version_text());
        app_.footer(
            "\nA first look:\n  drainctl mount /mnt/a && drainctl status && drainctl umount /mnt/a\n\n"
            "`drainctl COMMAND --help` tells more. Durations: 200ms, 5s, 2m. Every option --some-thing can be given as "
            "DRAINLAB_SOME_THING.");
        for (const auto& entry : commands()) declare(entry);
    }

    int run() {
        try {
            return parsed();
        } catch (const usage_problem& p) {
            return fail(p.why);
        } catch (const CLI::Success& done) {  // --help, --version
            if (chosen_.app) complete_help(chosen_);
            return app_.exit(done);
        } catch (const CLI::ParseError& e) { return fail(words_of(e)); }
    }

    int fail(const failure& why) const { return report(why, json_on_stdout(chosen_.json, argc_, argv_)); }

  private:
    void declare(const command_entry& entry) {
        auto* sub = app_.add_subcommand(entry.name);
        command::impl other;
        command::impl& i = word_ == entry.name ? chosen_ : other;
        if (&i == &other) {  // for its one line in --help
            CLI::App scratch;
            other.app = &scratch;
            command c(other);
            entry.declare(c);
            sub->description(scratch.get_description());
            return;
        }
        i.app = sub;
        command c(i);
        entry.declare(c);
        sub->footer(footer_of(i));
    }

    int parsed() {
        if (word_.empty() && argc_ == 1) {
            fmt::print(stderr, "{}", app_.help());
            return static_cast<int>(exit_code::usage);
        }
        if (!word_.empty() && !chosen_.app) return fail(unknown_command(word_));
        app_.parse(argc_, argv_);
        if (!chosen_.app) return fail(client::usage_error("which command?", "see `drainctl --help`"));
        const auto outcome = chosen_.action();
        return outcome ? static_cast<int>(outcome.value()) : fail(outcome.error());
    }

    /// CLI11's complaint in our words; a word that nothing took comes before an option that is missing.
    failure words_of(const CLI::ParseError& e) const {
        if (chosen_.app)
            for (const auto& word : chosen_.app->remaining())
                if (word != "--") return leftover(*chosen_.app, word);
        for (const auto& word : app_.remaining()) return leftover(app_, word);
        const std::string hint = chosen_.app ? fmt::format("see `drainctl {} --help`", word_) : "see `drainctl --help`";
        return client::usage_error(chosen_.app ? word_ + ": " + e.what() : e.what(), hint);
    }

    int argc_;
    const char* const* argv_;
    std::string word_;
    CLI::App app_{"drainctl: why unmounting takes so long when other mounts are busy, and what each fix buys",
                  "drainctl"};
    command::impl chosen_;
};

extern "C" void interrupted(int) { _exit(static_cast<int>(exit_code::interrupted)); }

}  // namespace

int run_drainctl(int argc, const char* const* argv) {
    std::signal(SIGPIPE, SIG_IGN);
    machine::see_children_end();
    remember_command_line(argc, argv);
    // Commands with something to tidy up take SIGINT for themselves; the others just end.
    if (std::signal(SIGINT, interrupted) == SIG_IGN) std::signal(SIGINT, SIG_IGN);
    program p(argc, argv);
    // What is started or written here must be tidied up as well.
    if (const auto l = os::lack_of_limits(64, 32); l.code != 0)
        return p.fail({"failed", std::string{"drainctl "} + l.text, {}, static_cast<exit_code>(l.code), 0});
    try {
        return after_output(p.run());
    } catch (const std::exception&) {
        const auto l = os::lack_of_exception();
        return after_output(p.fail({"failed", l.text, {}, static_cast<exit_code>(l.code), 0}));
    }
}

}  // namespace drainlab::cli
