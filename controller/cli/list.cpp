// drainctl list [KIND]
#include "controller/cli/command.hpp"
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/known_words.hpp"
#include "controller/cli/output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    std::string kind;
    bool json = false;
};

json document(const std::string& kind, const std::vector<known_word>& all) {
    json names = json::array(), words = json::array();
    for (const auto& w : all) {
        names.push_back(w.name);
        words.push_back({{"name", w.name}, {"about", w.about}});
    }
    return {{"schema", "drainlab.list/1"}, {"kind", kind}, {"names", names}, {"words", words}};
}

void print(const std::vector<known_word>& all) {
    std::size_t width = 0;
    for (const auto& w : all) width = std::max(width, w.name.size());
    for (const auto& w : all)
        fmt::print("{}\n", fit_lines(fmt::format("{:<{}}  {}", w.name, width, w.about), columns()));
}

result<exit_code> run(const options& o) {
    if (o.kind.empty() && o.json)
        print_json(document("kinds", word_kinds()));
    else if (o.kind.empty())
        print(word_kinds());
    if (o.kind.empty()) return exit_code::fine;
    BOOST_OUTCOME_TRY(auto all, known_words_of(o.kind));
    if (o.json)
        print_json(document(o.kind, all));
    else
        print(all);
    return exit_code::fine;
}

}  // namespace

void declare_list(command& c) {
    auto o = std::make_shared<options>();
    std::vector<std::string> kinds;
    for (const auto& k : word_kinds()) kinds.push_back(k.name);
    c.about("the words other commands take, with a line about each; alone: the kinds of words",
            "drainctl list policies");
    c.optional_positional("KIND", o->kind, "which words").one_of(kinds);
    c.json_answer(o->json);
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
