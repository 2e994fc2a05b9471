#include "controller/result/lazy.hpp"

#include "controller/result/keys.hpp"

namespace drainlab::report {
namespace {

using keys::json;

json of(const lazy_step& s) {
    auto events = json::array(), spans = json::array(), claims = json::array();
    for (const auto& e : s.events) events.push_back({{"at_ms", keys::number(e.at_ms)}, {"what", e.what}});
    for (const auto& b : s.spans)
        spans.push_back({{"lane", b.lane}, {"from_ms", keys::number(b.from_ms)}, {"to_ms", keys::number(b.to_ms)}});
    for (const auto& c : s.claims) claims.push_back({{"text", c.text}, {"held", c.held}});
    return {{"id", s.id},       {"title", s.title}, {"fine", s.fine},
            {"events", events}, {"spans", spans},   {"claims", claims}};
}

lazy_step read_step(const cursor& j) {
    lazy_step s;
    s.id = keys::text_or(j["id"]);
    s.title = j["title"].text();
    s.events = j["events"].list([](const cursor& e) { return lazy_event{e["at_ms"].number(), e["what"].text()}; });
    s.spans = j["spans"].list([](const cursor& e) {
        return lazy_span{e["lane"].text(), e["from_ms"].number(), e["to_ms"].number()};
    });
    s.claims = j["claims"].list([](const cursor& e) { return lazy_claim{e["text"].text(), e["held"].flag()}; });
    s.fine = j["fine"].null() || j["fine"].flag();
    return s;
}

}  // namespace

std::string to_json(const lazy_document& d) {
    auto steps = json::array();
    for (const auto& s : d.steps) steps.push_back(of(s));
    json document{{"schema", "drainlab.lazy/1"}};
    keys::add(document, d.made);
    document["origin"] = {{"steps", "measured"}};
    document["complete"] = d.complete;
    document["umount_wait"] = d.umount_wait;
    document["fine"] = d.fine;
    document["steps"] = steps;
    return keys::dumped(document);
}

lazy_document keys::read_lazy(const cursor& j) {
    if (j["steps"].null()) j["steps"].fail("a list");
    lazy_document d;
    d.made = read_facts(j);
    d.complete = j["complete"].null() || j["complete"].flag();
    d.fine = j["fine"].null() || j["fine"].flag();
    d.umount_wait = text_or(j["umount_wait"]);
    d.steps = j["steps"].list(read_step);
    return d;
}

}  // namespace drainlab::report
