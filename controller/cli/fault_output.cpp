#include "controller/cli/fault_output.hpp"

#include "controller/cli/output.hpp"
#include "controller/words/words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

namespace {

std::string text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump();
    std::vector<std::string> words;
    for (const auto& w : value) words.push_back(text(w));
    return words::join(words, ",");
}

std::string length(const json& us) {
    return words::show_duration(std::chrono::microseconds(us.is_number() ? us.get<std::int64_t>() : 0));
}

std::string asked(const json& a) {
    std::string line = text(a.value("op", json("any")));
    if (a.value("path", "*") != "*") line += " " + a.value("path", "*");
    if (a.value("delay_us", 0) > 0) line += "  delay " + length(a["delay_us"]);
    if (a.value("hang", false)) line += fmt::format("  hang, at most {}", length(a.value("limit_ms", 0) * 1000));
    for (const char* key : {"errno", "torn_write", "times", "pid", "cgroup"})
        if (const auto v = a.value(key, json()); !v.is_null()) line += fmt::format("  {} {}", key, text(v));
    if (a.value("drop_fsync", false)) line += "  drop_fsync";
    if (a.value("after", 0) > 0) line += fmt::format("  after {}", a["after"].dump());
    if (a.value("probability", 1.0) < 1)
        line += fmt::format("  probability {}, seed {}", a["probability"].dump(), a["seed"].dump());
    return line;
}

std::string observed(const json& o) {
    std::string line = fmt::format("{} matched, {} injected", o.value("matched", 0), o.value("injected", 0));
    for (const char* key :
         {"held", "answered", "gone", "interrupted", "ended", "released", "limit_reached", "wrong_answers"})
        if (const auto n = o.value(key, 0); n > 0) line += fmt::format(", {} {}", n, key);
    if (const auto d = o.value("delays", json::object()); d.value("count", 0) > 0)
        line +=
            fmt::format("; waited {} each, at most {} too long",
                        words::show_duration(std::chrono::nanoseconds(d.value("took_ns", 0ll) / d.value("count", 1))),
                        words::show_duration(std::chrono::nanoseconds(d.value("most_late_ns", 0ll))));
    if (const auto n = o.value("longest_hang_ns", 0ll); n > 0)
        line += fmt::format("; hung {} at most", words::show_duration(std::chrono::nanoseconds(n)));
    if (o.value("bytes_asked", 0) > 0)
        line += fmt::format("; {} of {} bytes dropped", o["bytes_dropped"].dump(), o["bytes_asked"].dump());
    return line;
}

}  // namespace

void print_faults(const json& faults) {
    if (faults.empty()) fmt::print("no faults\n");
    for (const auto& f : faults) {
        const bool fine = f.value("as_asked", false);
        fmt::print("{}\n  asked     {}\n  observed  {}{}\n", f.value("name", "?"),
                   asked(f.value("asked", json::object())), observed(f.value("observed", json::object())),
                   fine ? "" : painted("  NOT AS ASKED", "31"));
    }
}

}  // namespace drainlab::cli
