#include "controller/cli/fault_rule.hpp"

#include "fusefs/fault/operation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

namespace drainlab::cli {

using nlohmann::json;

namespace {

std::int64_t microseconds_of(duration d) { return std::chrono::ceil<std::chrono::microseconds>(d).count(); }
std::int64_t milliseconds_of(duration d) { return std::chrono::ceil<std::chrono::milliseconds>(d).count(); }

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> words(1);
    for (const char c : text)
        if (c == at)
            words.emplace_back();
        else
            words.back() += c;
    return words;
}

bool take(std::optional<std::string>& into, const std::string& text) {
    into = text;
    return true;
}
bool take(std::optional<duration>& into, const std::string& text) {
    into = words::parse_duration(text);
    return into.has_value();
}
template <class Number>
bool take(std::optional<Number>& into, const std::string& text) {
    Number n{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end != text.data() + text.size() || !(n >= 0)) return false;
    into = n;
    return true;
}

struct key {
    const char* kind;  ///< what its value has to be
    std::function<bool(fault_options&, const std::string&)> set;
};

template <class Member>
key value(const char* kind, Member member) {
    return {kind, [member](fault_options& o, const std::string& text) { return take(o.*member, text); }};
}

const std::map<std::string, key>& keys() {
    static const std::map<std::string, key> all{
        {"op",
         {"an operation, or several with | between them",
          [](fault_options& o, const std::string& text) {
              o.ops = split(text, '|');
              return true;
          }}},
        {"name", value("a name", &fault_options::name)},
        {"path", value("a glob", &fault_options::path)},
        {"errno", value("an errno like EIO", &fault_options::error)},
        {"cgroup", value("a cgroup's path", &fault_options::cgroup)},
        {"delay", value("a duration like 200ms", &fault_options::delay)},
        {"limit", value("a duration like 10s", &fault_options::limit)},
        {"torn_write", value("a number of bytes", &fault_options::torn_write)},
        {"times", value("a whole number", &fault_options::times)},
        {"after", value("a whole number", &fault_options::after)},
        {"pid", value("a process id", &fault_options::pid)},
        {"seed", value("a whole number", &fault_options::seed)},
        {"probability", value("a number from 0 to 1", &fault_options::probability)},
        {"hang",
         {"a duration like 10s, or nothing",
          [](fault_options& o, const std::string& text) {
              o.hang = true;
              return text.empty() || take(o.limit, text);
          }}},
        {"drop_fsync",
         {"nothing",
          [](fault_options& o, const std::string& text) {
              o.drop_fsync = true;
              return text.empty();
          }}},
    };
    return all;
}

failure unknown_key(const std::string& option, const std::string& word) {
    std::vector<std::string> known;
    for (const auto& [name, k] : keys()) known.push_back(name);
    const auto near = words::nearest(word, known);
    return client::usage_error(fmt::format("{}: there is no \"{}\" in a fault", option, word),
                               near ? fmt::format("did you mean {}?", *near) : "known: " + words::join(known));
}

}  // namespace

json fault_rule(const fault_options& o) {
    json rule = json::object();
    const auto add = [&](const char* name, const auto& value) {
        if (value) rule[name] = *value;
    };
    if (!o.ops.empty()) rule["op"] = o.ops;
    add("name", o.name);
    add("path", o.path);
    add("errno", o.error);
    add("cgroup", o.cgroup);
    if (o.delay) rule["delay_us"] = microseconds_of(*o.delay);
    if (o.limit) rule["limit_ms"] = milliseconds_of(*o.limit);
    if (o.hang) rule["hang"] = true;
    if (o.drop_fsync) rule["drop_fsync"] = true;
    add("torn_write", o.torn_write);
    add("times", o.times);
    add("after", o.after);
    add("pid", o.pid);
    add("seed", o.seed);
    add("probability", o.probability);
    return rule;
}

result<json> parse_fault_rule(const std::string& option, const std::string& text) {
    fault_options o;
    for (const auto& word : split(text, ',')) {
        const auto equals = word.find('=');
        std::string name = word.substr(0, equals);
        std::replace(name.begin(), name.end(), '-', '_');
        const auto found = keys().find(name);
        if (found == keys().end()) return unknown_key(option, name);
        const std::string text_of_value = equals == std::string::npos ? "" : word.substr(equals + 1);
        const bool may_be_bare = name == "hang" || name == "drop_fsync";
        if ((text_of_value.empty() && !may_be_bare) || !found->second.set(o, text_of_value))
            return client::usage_error(fmt::format("{}: \"{}\": {} must be {}", option, word, name, found->second.kind),
                                       "e.g. op=write,path=*.log,errno=ENOSPC,times=1");
    }
    return fault_rule(o);
}

}  // namespace drainlab::cli
