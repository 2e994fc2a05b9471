// What the views have in common. Private to views*.cpp.
#pragma once
#include "fusefs/control/views.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::control {

/// A member of an object().
struct member {
    template <class T>
    member(const char* k, T&& v) : key{k}, value(std::forward<T>(v)) {}
    const char* key;
    mutable nlohmann::json value;
};
/// The same as json's own list of lists, but that no list is made on the way: a third of the time, for what is asked for
/// often.
inline nlohmann::json object(std::initializer_list<member> all) {
    nlohmann::json::object_t made;
    for (const auto& m : all) made.emplace(m.key, std::move(m.value));
    return made;
}

template <class T>
nlohmann::json or_null(const std::optional<T>& v) {
    return v ? nlohmann::json(*v) : nlohmann::json();
}
inline nlohmann::json instant_or_null(std::int64_t ns) { return ns != 0 ? nlohmann::json(ns) : nlohmann::json(); }
inline nlohmann::json text_or_null(const std::string& s) { return s.empty() ? nlohmann::json() : nlohmann::json(s); }

/// Times that were asked for, and what they took.
template <class Times>
nlohmann::json times_json(const Times& t) {
    return object({{"count", t.count},
                   {"wanted_ns", t.wanted.count()},
                   {"took_ns", t.took.count()},
                   {"most_late_ns", t.most_late.count()}});
}

/// Counts since the mount, or the daemon, began.
nlohmann::json switches_json(const kernel::switch_stats& s);
/// cgroup_writeback_umount() and where its time went; `in_flight`: what was in flight when it was entered.
nlohmann::json drain_json(const kernel::drain_stats& d, const member& in_flight);
/// A list; empty where all invariants held.
nlohmann::json violations_json(const std::vector<kernel::violation>& all);

}  // namespace drainlab::control
