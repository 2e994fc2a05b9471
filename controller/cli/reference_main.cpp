// drainlab-reference: writes what is generated from drainctl's table of options. Used by the build; not installed.
#include "controller/cli/reference.hpp"
#include "fusefs/version.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace drainlab;

bool write(const std::string& path, const std::string& text) {
    std::ofstream out{path};
    out << text;
    out.close();
    if (!out) std::fprintf(stderr, "drainlab-reference: cannot write %s\n", path.c_str());
    return static_cast<bool>(out);
}

int all_into(const std::string& dir) {
    const auto all = cli::command_references();
    bool ok = write(dir + "/drainctl.1", cli::man_page(all, version()));
    for (const auto& c : all) ok = write(dir + "/drainctl-" + c.name + ".1", cli::man_page(c, version())) && ok;
    ok = write(dir + "/drainctl.bash", cli::bash_completion(all)) && ok;
    ok = write(dir + "/_drainctl", cli::zsh_completion(all)) && ok;
    ok = write(dir + "/drainctl.fish", cli::fish_completion(all)) && ok;
    ok = write(dir + "/options.md", cli::options_markdown(all)) && ok;
    return ok ? 0 : 1;
}

/// The --help of another program on standard input becomes its man page.
int page_of_help(const std::string& program, const std::string& summary, const std::string& file) {
    std::string help;
    for (int c = 0; (c = std::getchar()) != EOF;) help += static_cast<char>(c);
    return write(file, cli::man_page_of_help(program, summary, help, version())) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "markdown" && argc == 2) {
        std::fputs(cli::options_markdown(cli::command_references()).c_str(), stdout);
        return 0;
    }
    if (what == "all" && argc == 3) return all_into(argv[2]);
    if (what == "help" && argc == 5) return page_of_help(argv[2], argv[3], argv[4]);
    std::fputs("usage: drainlab-reference markdown | all DIR | help PROGRAM SUMMARY FILE <HELP\n", stderr);
    return 2;
}
