#include "controller/result/documents.hpp"

#include "controller/result/keys.hpp"
#include "controller/result/read.hpp"
#include "fusefs/input/json.hpp"
#include "fusefs/input/read_file.hpp"

namespace drainlab::report {
namespace {

void read_into(document& d, const nlohmann::json& j) {
    const cursor top{j, ""};
    if (d.schema == "drainlab.race/1")
        d.race = keys::read_race(top);
    else if (d.schema == "drainlab.mutants/1")
        d.mutants = keys::read_mutants(top);
    else if (d.schema == "drainlab.lazy/1")
        d.lazy = keys::read_lazy(top);
    else if (d.schema == "drainlab.churn/1")
        d.churn = keys::read_churn(top);
    else
        d.bench = keys::read_result(j);
}

}  // namespace

std::optional<facts> facts_of(const document& d) {
    if (d.race) return d.race->made;
    if (d.mutants) return d.mutants->made;
    if (d.lazy) return d.lazy->made;
    if (d.churn) return d.churn->made;
    if (!d.bench) return std::nullopt;
    const auto& r = *d.bench;
    return facts{static_cast<const run_facts&>(r.run), r.tool, r.environment};
}

document_outcome load_document(const std::string& path) {
    const auto file = input::read_file(path, largest_result);
    if (!file.text) return {std::nullopt, file.error};
    const auto parsed = input::parse_json(*file.text);
    if (!parsed.value) return {std::nullopt, path + ": " + parsed.error};
    document d;
    d.file = path;
    try {
        d.schema = keys::schema_of(*parsed.value);
        read_into(d, *parsed.value);
        return {std::move(d), {}};
    } catch (const misread& e) { return {std::nullopt, path + ": " + e.what()}; }
}

}  // namespace drainlab::report
