// Traced events as JSON: an object each, with the words of /events.
#include "controller/result/keys.hpp"

namespace drainlab::report::keys {

json of(const std::vector<traced_event>& events) {
    auto all = json::array();
    for (const auto& e : events) {
        json one{{"t_ns", e.t_ns}, {"event", e.name}};
        if (!e.mount.empty()) one["mount"] = e.mount;
        if (!e.task.empty()) one["task"] = e.task;
        if (e.cpu) one["cpu"] = *e.cpu;
        if (!e.values.empty()) {
            auto values = json::object();
            for (const auto& [key, v] : e.values) values[key] = v;
            one["values"] = std::move(values);
        }
        all.push_back(std::move(one));
    }
    return all;
}

namespace {

std::int64_t whole(const cursor& c) {
    if (!c.raw().is_number_integer()) c.fail("a whole number");
    return c.raw().get<std::int64_t>();
}

traced_event read_event(const cursor& c) {
    traced_event e;
    e.t_ns = whole(c["t_ns"]);
    e.name = c["event"].text();
    e.mount = text_or(c["mount"]);
    e.task = text_or(c["task"]);
    e.cpu = c["cpu"].maybe([](const cursor& n) { return n.small(); });
    c["values"].entries([&](const std::string& key, const cursor& v) { e.values.emplace_back(key, whole(v)); });
    return e;
}

}  // namespace

std::vector<traced_event> read_events(const cursor& c) { return c.list(read_event); }

}  // namespace drainlab::report::keys
