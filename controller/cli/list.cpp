// drainctl list KIND
#include "controller/cli/command.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/data_dir.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    std::string kind;
    bool json = false;
};

result<std::vector<std::string>> names_of(const std::string& kind) {
    if (kind == "policies") return known_policies();
    if (kind == "scenarios") return known_scenarios();
    if (kind == "profiles") return client::data_names(kind);
    if (kind == "worlds") return known_worlds();
    return known_mutants();
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto names, names_of(o.kind));
    if (o.json) {
        print_json({{"schema", "drainlab.list/1"}, {"kind", o.kind}, {"names", names}});
        return exit_code::fine;
    }
    for (const auto& name : names)
        if (o.kind == "policies")
            fmt::print("{:<12} {}\n", name, policy_summary(name));
        else
            fmt::print("{}\n", name);
    return exit_code::fine;
}

}  // namespace

void declare_list(command& c) {
    auto o = std::make_shared<options>();
    c.about("the words other commands take", "drainctl list policies");
    c.positional("KIND", o->kind, "policies, scenarios, profiles, worlds or mutants")
        .one_of({"policies", "scenarios", "profiles", "worlds", "mutants"});
    c.json_answer(o->json);
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
