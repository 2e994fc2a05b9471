// drainctl merge FILE...: results of shards, or of several runs of the same cells, as one.
#include "controller/result/merge.hpp"

#include "controller/cli/command.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/result/read.hpp"

#include <algorithm>

namespace drainlab::cli {
namespace {

struct options {
    std::vector<std::string> files;
    std::optional<std::string> json;
    std::string format = "text";
};

result<exit_code> merge(const options& o) {
    BOOST_OUTCOME_TRY(auto first, load_result(o.files.front()));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    report::merger m{std::move(first)};
    for (std::size_t i = 1; i < o.files.size(); ++i) {
        BOOST_OUTCOME_TRY(auto more, load_result(o.files[i]));
        if (const auto what = m.add(std::move(more)))
            return client::usage_error(o.files[i] + " cannot be merged with the others: " + *what);
    }
    const auto all = m.finish("persb");
    BOOST_OUTCOME_TRYV(write_result(o.json, all));
    print_result(o.json, o.format, all);
    for (const auto& what : m.missing()) remark("incomplete: no file holds " + what);
    if (std::any_of(all.cells.begin(), all.cells.end(), [](const auto& c) { return !c.violations.empty(); }))
        return exit_code::violated;
    return m.missing().empty() ? exit_code::fine : exit_code::cannot_run;
}

}  // namespace

void declare_merge(command& c) {
    auto o = std::make_shared<options>();
    c.about("results of shards or of several runs as one, losing nothing",
            "drainctl merge part-*.json --json all.json");
    c.positionals("FILE", o->files, "results written with --json", 1);
    c.option("--format", o->format, "of standard output").one_of(result_formats());
    c.json_file(o->json);
    c.note(
        "Parts of one run give the result that one run would have given. Cells that several files hold take all their "
        "samples. Exit 4 when a shard is missing: it is named, and the result says \"complete\": false.");
    c.run([o] { return merge(*o); });
}

}  // namespace drainlab::cli
