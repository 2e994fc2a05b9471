#include "controller/result/race.hpp"

#include "controller/result/keys.hpp"

namespace drainlab::report {
namespace {

using keys::json;

json of(const race_window& w) {
    json one{{"reached", w.reached}, {"excluded_by", nullptr}};
    if (w.excluded_by.empty()) return one;
    one["excluded_by"] = w.excluded_by;
    one["control"] = {{"schedules", w.control_schedules}, {"schedule", w.control_schedule}};
    return one;
}

json of(const std::optional<race_example>& e) {
    if (!e) return nullptr;
    auto story = json::array();
    for (const auto& s : e->story)
        story.push_back({{"task", s.task}, {"umount", s.umount}, {"switcher", s.switcher}, {"state", s.state}});
    return {{"steps", e->story.size()},
            {"story", story},
            {"schedule", e->schedule},
            {"invariant", e->invariant},
            {"message", e->message}};
}

json of(const race_search& s) {
    auto windows = json::object();
    for (const auto& w : s.windows) windows[w.name] = of(w);
    return {{"policy", keys::text(s.policy)},
            {"namespace_policy", keys::text(s.namespace_policy)},
            {"world", s.world},
            {"verdict", s.verdict},
            {"exhausted", s.exhausted},
            {"preemptions", s.preemptions ? json(*s.preemptions) : json(nullptr)},
            {"schedules", s.schedules},
            {"tasks", s.tasks},
            {"choice_points", s.choice_points},
            {"seconds", keys::number(s.seconds)},
            {"windows", windows},
            {"counterexample", of(s.counterexample)}};
}

race_example read_example(const cursor& e) {
    race_example x;
    x.story = e["story"].list([](const cursor& s) {
        return race_step{keys::text_or(s["task"]), keys::text_or(s["umount"]), keys::text_or(s["switcher"]),
                         keys::text_or(s["state"])};
    });
    x.schedule = keys::text_or(e["schedule"]);
    x.invariant = keys::text_or(e["invariant"]);
    x.message = keys::text_or(e["message"]);
    return x;
}

race_search read_search(const cursor& j) {
    race_search s;
    s.policy = keys::maybe_text(j["policy"]);
    s.namespace_policy = keys::maybe_text(j["namespace_policy"]);
    s.world = j["world"].text();
    s.verdict = j["verdict"].text();
    s.exhausted = j["exhausted"].flag();
    s.preemptions = keys::maybe_count(j["preemptions"]);
    s.schedules = j["schedules"].count();
    s.tasks = keys::count_or(j["tasks"]);
    s.choice_points = keys::count_or(j["choice_points"]);
    s.seconds = keys::number_or(j["seconds"]);
    j["windows"].entries([&](const std::string& name, const cursor& w) {
        const auto control = w["control"];
        s.windows.push_back({name, keys::text_or(w["excluded_by"]), keys::count_or(w["reached"]),
                             keys::count_or(control["schedules"]), keys::text_or(control["schedule"])});
    });
    s.counterexample = j["counterexample"].maybe(read_example);
    return s;
}

}  // namespace

std::string race_search::name() const {
    if (!policy) return namespace_policy.value_or("?");
    return namespace_policy ? *policy + " + " + *namespace_policy : *policy;
}

std::string to_json(const race_document& d) {
    auto results = json::array();
    for (const auto& s : d.searches) results.push_back(of(s));
    json document{{"schema", "drainlab.race/1"}};
    keys::add(document, d.made);
    document["origin"] = {{"results", "modelled"}};
    document["results"] = results;
    return keys::dumped(document);
}

std::string to_json(const mutants_document& d) {
    auto mutants = json::array();
    for (const auto& m : d.mutants)
        mutants.push_back({{"policy", m.policy},
                           {"mutant", m.mutant},
                           {"killed", m.killed},
                           {"invariant", keys::text(m.invariant)},
                           {"world", keys::text(m.world)},
                           {"message", keys::text(m.message)},
                           {"schedules", m.schedules}});
    json document{{"schema", "drainlab.mutants/1"}};
    keys::add(document, d.made);
    document["origin"] = {{"mutants", "modelled"}};
    document["mutants"] = mutants;
    return keys::dumped(document);
}

race_document keys::read_race(const cursor& j) {
    if (j["results"].null()) j["results"].fail("a list");
    return {read_facts(j), j["results"].list(read_search)};
}

mutants_document keys::read_mutants(const cursor& j) {
    if (j["mutants"].null()) j["mutants"].fail("a list");
    return {read_facts(j), j["mutants"].list([](const cursor& m) {
                return mutant_result{m["policy"].text(),         m["mutant"].text(),     m["killed"].flag(),
                                     maybe_text(m["invariant"]), maybe_text(m["world"]), maybe_text(m["message"]),
                                     m["schedules"].count()};
            })};
}

}  // namespace drainlab::report
