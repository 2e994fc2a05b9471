#include "controller/cli/reference.hpp"

#include "controller/cli/command_impl.hpp"
#include "controller/cli/commands.hpp"

#include <fmt/format.h>

namespace drainlab::cli {

namespace {

option_entry entry_of(const option_row& row) {
    option_entry e;
    const auto comma = row.name.find(',');
    e.name = row.name.substr(0, comma);
    if (comma != std::string::npos) e.also = row.name.substr(comma + 1);
    e.type = row.type;
    e.help = row.help;
    e.preset = row.preset;
    if (e.name.starts_with("--")) e.environment = row.option->get_envname();
    e.words = words_of(row);
    return e;
}

/// How an option is written: `--lazy, -l`, `--policy LIST`.
std::string synopsis(const option_entry& o) {
    std::string text = o.name;
    if (!o.also.empty()) text += ", " + o.also;
    if (o.takes_value()) text += " " + o.type;
    return text;
}

/// The help with all that the parser knows besides.
std::string explained(const option_entry& o) {
    std::string text = o.help;
    if (!o.words.empty()) text += "; one of: " + words::join(o.words);
    if (!o.preset.empty()) text += " [" + o.preset + "]";
    return text;
}

/// `|` would end a cell.
std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
    return text;
}

}  // namespace

std::vector<command_reference> command_references() {
    std::vector<command_reference> all;
    for (const auto& entry : commands()) {
        CLI::App scratch;
        command::impl i;
        i.app = &scratch;
        command c(i);
        entry.declare(c);
        command_reference r{entry.name, scratch.get_description(), i.example, i.notes, {}};
        for (const auto& row : i.rows) r.options.push_back(entry_of(row));
        all.push_back(std::move(r));
    }
    return all;
}

std::string options_markdown(const std::vector<command_reference>& all) {
    std::string text =
        "# Commands and options of drainctl\n\nGenerated from the table that the parser uses (`drainlab-reference "
        "markdown`). Every option `--some-thing` can also be given as `DRAINLAB_SOME_THING`. "
        "Durations: `200ms`, `5s`, `2m`; a bare number is seconds. In brackets: what holds without the option.\n";
    for (const auto& c : all) {
        text += fmt::format("\n## drainctl {}\n\n{}\n\n```sh\n{}\n```\n\n| option | meaning |\n|---|---|\n", c.name,
                            c.summary, c.example);
        for (const auto& o : c.options) text += fmt::format("| `{}` | {} |\n", cell(synopsis(o)), cell(explained(o)));
        for (const auto& note : c.notes) text += "\n" + note + "\n";
    }
    return text;
}

// ---- man pages ----------------------------------------------------------------------------------------------------

namespace {

/// Backslashes, hyphens that are meant, and control characters at the beginning of a line.
std::string roff(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

std::string head(const std::string& page, const std::string& summary, const std::string& version) {
    std::string title = page;
    for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return fmt::format(".TH {} 1 \"\" \"drainlab {}\" \"drainlab\"\n.SH NAME\n{} \\- {}\n", roff(title), version,
                       roff(page), roff(summary));
}

std::string example_section(const std::string& example) {
    return fmt::format(".SH EXAMPLE\n.nf\n{}\n.fi\n", roff(example));
}

constexpr const char* exit_codes =
    ".SH EXIT STATUS\n0 fine; 1 an invariant was violated; 2 usage or bad input; 3 a regression against a baseline; "
    "4 cannot run here; 5 drainlab itself failed; 16 busy; 124 timed out; 130 interrupted.\n";

}  // namespace

std::string man_page(const command_reference& c, const std::string& version) {
    std::string text = head("drainctl-" + c.name, c.summary, version);
    text += fmt::format(".SH SYNOPSIS\n.B drainctl {}\n[options]", c.name);
    for (const auto& o : c.options)
        if (o.positional()) text += " " + roff(o.name);
    text += "\n.SH OPTIONS\n";
    for (const auto& o : c.options) text += fmt::format(".TP\n.B {}\n{}\n", roff(synopsis(o)), roff(explained(o)));
    if (!c.notes.empty()) text += ".SH NOTES\n";
    for (const auto& note : c.notes) text += ".PP\n" + roff(note) + "\n";
    return text + exit_codes + example_section(c.example) + ".SH SEE ALSO\n.BR drainctl (1)\n";
}

std::string man_page(const std::vector<command_reference>& all, const std::string& version) {
    std::string text = head("drainctl", "why unmounting takes so long when other mounts are busy", version);
    text += ".SH SYNOPSIS\n.B drainctl\nCOMMAND [options]\n.SH COMMANDS\n";
    for (const auto& c : all) text += fmt::format(".TP\n.BR drainctl\\-{} (1)\n{}\n", roff(c.name), roff(c.summary));
    text +=
        ".SH OPTIONS\nEvery option \\-\\-some\\-thing can be given as DRAINLAB_SOME_THING. Durations: 200ms, 5s, 2m; a "
        "bare number is seconds.\n";
    return text + exit_codes + ".SH SEE ALSO\n.BR drainfs (1),\n.BR umount (8)\n";
}

std::string man_page_of_help(const std::string& program, const std::string& summary, const std::string& help,
                             const std::string& version) {
    return head(program, summary, version) + ".SH DESCRIPTION\n.nf\n" + roff(help) + "\n.fi\n" +
           ".SH SEE ALSO\n.BR drainctl (1)\n";
}

}  // namespace drainlab::cli
