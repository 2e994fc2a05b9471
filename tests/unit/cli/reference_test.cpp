// What is generated from the table of options, and the lists of words.
#include "controller/cli/reference.hpp"

#include "controller/cli/known_words.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace drainlab::cli;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

const option_entry& option(const std::vector<command_reference>& all, const std::string& command,
                           const std::string& name) {
    const auto c = std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.name == command; });
    REQUIRE(c != all.end());
    const auto o = std::find_if(c->options.begin(), c->options.end(), [&](const auto& e) { return e.name == name; });
    REQUIRE(o != c->options.end());
    return *o;
}

/// A shell's opinion of a script's syntax; shells that are not here have none.
bool parses(const std::string& shell, const std::string& script) {
    if (std::system(("command -v " + shell + " >/dev/null 2>&1").c_str()) != 0) return true;
    const std::string file = fs::temp_directory_path() / ("completion." + shell);
    std::ofstream{file} << script;
    return std::system((shell + " -n " + file).c_str()) == 0;
}

/// The words in quotes that stand right behind `call` anywhere in the daemon's source.
std::set<std::string> literals(const std::string& call) {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(DRAINLAB_SOURCE_DIR) / "fusefs")) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
        const std::string text = read(entry.path());
        for (std::size_t at = 0; (at = text.find(call, at)) != std::string::npos;) {
            at += call.size();
            found.insert(text.substr(at, text.find('"', at) - at));
        }
    }
    return found;
}

std::string with_roff_hyphens(std::string text) {
    for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
}

void check_all_known(const std::string& kind, const std::set<std::string>& used) {
    const auto known = known_words_of(kind);
    REQUIRE(known);
    REQUIRE(!used.empty());
    for (const auto& word : used) {
        CAPTURE(kind, word);
        CHECK(std::any_of(known.value().begin(), known.value().end(), [&](const auto& w) { return w.name == word; }));
    }
}

}  // namespace

TEST_CASE("the table of options knows words, presets and environment", "[reference]") {
    const auto all = command_references();
    const auto& wait = option(all, "bench", "--umount-wait");
    CHECK(wait.words == std::vector<std::string>{"auto", "gate", "api"});
    CHECK(wait.environment == "DRAINLAB_UMOUNT_WAIT");
    CHECK(option(all, "bench", "--samples").type == "N");
    CHECK(option(all, "umount", "--lazy").also == "-l");
    CHECK(option(all, "lazy", "--delay").preset != "");
    for (const auto& c : all) {
        CAPTURE(c.name);
        CHECK(!c.summary.empty());
        CHECK(c.example.find("drainctl " + c.name) != std::string::npos);
        for (const auto& o : c.options) CHECK(!o.help.empty());
    }
}

TEST_CASE("man pages and completions say every option", "[reference]") {
    const auto all = command_references();
    const std::string bash = bash_completion(all), zsh = zsh_completion(all), fish = fish_completion(all);
    for (const auto& c : all) {
        const std::string page = man_page(c, "1");
        for (const auto& o : c.options) {
            if (o.positional()) continue;
            CAPTURE(c.name, o.name);
            CHECK(bash.find(o.name) != std::string::npos);
            CHECK(zsh.find(o.name + "[") != std::string::npos);
            CHECK(fish.find("-l " + o.name.substr(2)) != std::string::npos);
            CHECK(page.find(with_roff_hyphens(o.name)) != std::string::npos);
        }
    }
    CHECK(parses("bash", bash));
    CHECK(parses("zsh", zsh));
    CHECK(parses("fish", fish));
}

TEST_CASE("every kind of words can be listed, each word with a line about it", "[reference][list]") {
    for (const auto& kind : word_kinds()) {
        CAPTURE(kind.name);
        const auto words = known_words_of(kind.name);
        REQUIRE(words);
        CHECK(words.value().size() > 2);
        for (const auto& w : words.value()) {
            CAPTURE(w.name);
            CHECK(!w.about.empty());
        }
    }
}

TEST_CASE("what the source calls an invariant or an event is listed", "[reference][list]") {
    check_all_known("invariants", literals("violated(\""));
    check_all_known("events", literals(" trace(\""));
    check_all_known("events", literals(".trace(\""));
    check_all_known("events", literals("emit({.name = \""));
}
