// Completion scripts for bash, zsh and fish, from the table of options.
#include "controller/cli/reference.hpp"
#include "controller/words/words.hpp"

#include <fmt/format.h>

namespace drainlab::cli {

namespace {

/// Of a value whose words are not known, shells offer files.
std::string words_for(const option_entry& o) { return words::join(o.words, " "); }

/// In single quotes: the quote itself has to leave them.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

/// zsh reads [ ] : in descriptions.
std::string zsh_text(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string bash_case(const command_reference& c) {
    std::string names, values, positionals;
    for (const auto& o : c.options) {
        if (o.positional()) {
            if (!o.words.empty()) positionals += " " + words_for(o);
            continue;
        }
        names += (names.empty() ? "" : " ") + o.name;
        if (!o.takes_value()) continue;
        const std::string flags = o.also.empty() ? o.name : o.name + "|" + o.also;
        values += fmt::format("                {}) words={}; value=1 ;;\n", flags, quoted(words_for(o)));
    }
    return fmt::format(
        "        {})\n            names={}\n            plain={}\n            case $prev in\n{}            "
        "esac ;;\n",
        c.name, quoted(names), quoted(positionals), values);
}

}  // namespace

std::string bash_completion(const std::vector<command_reference>& all) {
    std::vector<std::string> commands;
    std::string cases;
    for (const auto& c : all) {
        commands.push_back(c.name);
        cases += bash_case(c);
    }
    return fmt::format(R"(# bash completion for drainctl, generated from its table of options
_drainctl() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} names= plain= words= value=
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{0} --help --version" -- "$cur"))
        return
    fi
    case ${{COMP_WORDS[1]}} in
{1}    esac
    if [ -n "$value" ]; then
        local list= ; [[ $cur == *,* ]] && list=${{cur%,*}},
        [ -n "$words" ] && COMPREPLY=($(compgen -P "$list" -W "$words" -- "${{cur##*,}}")) || COMPREPLY=($(compgen -f -- "$cur"))
    elif [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$names --help" -- "$cur"))
    elif [ -n "$plain" ]; then
        COMPREPLY=($(compgen -W "$plain" -- "$cur"))
    else
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}}
complete -o filenames -F _drainctl drainctl
)",
                       words::join(commands, " "), cases);
}

std::string zsh_completion(const std::vector<command_reference>& all) {
    std::string list, cases;
    for (const auto& c : all) {
        list += fmt::format("        {}\n", quoted(c.name + ":" + zsh_text(c.summary)));
        cases += fmt::format("        {}) _arguments -s", c.name);
        for (const auto& o : c.options) {
            if (o.positional()) continue;
            const std::string action = !o.takes_value()  ? ""
                                       : o.words.empty() ? ":" + o.type + ":_files"
                                                         : ":" + o.type + ":(" + words_for(o) + ")";
            cases += " \\\n            " + quoted(o.name + "[" + zsh_text(o.help) + "]" + action);
        }
        cases += " \\\n            '*:file:_files' ;;\n";
    }
    return fmt::format(R"(#compdef drainctl
# generated from drainctl's table of options
_drainctl() {{
    local -a commands
    commands=(
{}    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=${{words[2]}}
    shift words
    (( CURRENT-- ))
    case $command in
{}    esac
}}
_drainctl "$@"
)",
                       list, cases);
}

std::string fish_completion(const std::vector<command_reference>& all) {
    std::string text = "# fish completion for drainctl, generated from its table of options\n";
    for (const auto& c : all) {
        text +=
            fmt::format("complete -c drainctl -n __fish_use_subcommand -f -a {} -d {}\n", c.name, quoted(c.summary));
        for (const auto& o : c.options) {
            const std::string here = fmt::format("complete -c drainctl -n '__fish_seen_subcommand_from {}'", c.name);
            if (o.positional()) {
                if (!o.words.empty()) text += fmt::format("{} -a {}\n", here, quoted(words_for(o)));
                continue;
            }
            text += fmt::format("{} -l {}", here, o.name.substr(2));
            if (!o.also.empty()) text += " -s " + o.also.substr(1);
            if (o.takes_value()) text += o.words.empty() ? " -r" : " -x -a " + quoted(words_for(o));
            text += fmt::format(" -d {}\n", quoted(o.help));
        }
    }
    return text;
}

}  // namespace drainlab::cli
